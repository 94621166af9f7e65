// SPDX-License-Identifier: Apache-2.0
// The OPT record as a whole.
#include <dnsloom/dns/edns.hpp>

namespace loom::dns {

std::expected<Opt, MessageErrc> Opt::read(const RecordView& record) {
    // The only owner of one octet is the root; a pointer to one is not what RFC 6891 allows.
    const bool at_root = record.rdata_offset - record.offset == size_min;
    const auto options = EdnsOptions::check(record.rdata());
    if (!at_root || !options) return std::unexpected{MessageErrc::bad_opt};
    Opt opt;
    opt.udp_size = record.rclass;
    opt.extended_rcode = static_cast<std::uint8_t>(record.ttl >> 24U);
    opt.version = static_cast<std::uint8_t>(record.ttl >> 16U);
    opt.flags = static_cast<std::uint16_t>(record.ttl);
    opt.options = *options;
    return opt;
}

void Opt::write(Writer& writer) const {
    writer.u8(0);
    writer.u16(rr_type::opt);
    writer.u16(udp_size);
    writer.u8(extended_rcode);
    writer.u8(version);
    writer.u16(flags);
    writer.u16(static_cast<std::uint16_t>(options.octets().size()));
    writer.bytes(options.octets());
}

std::expected<std::optional<Opt>, MessageErrc> find_opt(std::span<const std::uint8_t> message) {
    auto reader = MessageReader::open(message);
    if (!reader) return std::unexpected{reader.error()};
    std::optional<Opt> found;
    for (;;) {
        const auto record = reader->next();
        if (!record) return std::unexpected{record.error()};
        if (!*record) return found;
        if ((*record)->type != rr_type::opt) continue;
        if ((*record)->section != Section::additional) {
            return std::unexpected{MessageErrc::misplaced_opt};
        }
        if (found) return std::unexpected{MessageErrc::more_than_one_opt};
        const auto opt = Opt::read(**record);
        if (!opt) return std::unexpected{opt.error()};
        found = *opt;
    }
}

}  // namespace loom::dns
