// SPDX-License-Identifier: Apache-2.0
#include "test_authority.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace loom::forward::test {
namespace {

void require(bool holds, const char* what) {
    if (!holds) throw std::runtime_error{std::string{"cannot make a certificate: "} + what};
}

void add_extension(X509& certificate, X509& issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
    auto* extension = ::X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    require(extension != nullptr, value.c_str());
    ::X509_add_ext(&certificate, extension, -1);
    ::X509_EXTENSION_free(extension);
}

CertifiedKey make(const std::string& name, std::int64_t not_before, std::int64_t not_after) {
    CertifiedKey made{
        .certificate = std::unique_ptr<X509, FreeCertificate>{::X509_new()},
        .key = std::unique_ptr<EVP_PKEY, FreeCertificate>{EVP_EC_gen("P-256")}};
    require(made.certificate && made.key, "no memory");
    auto* certificate = made.certificate.get();
    static long serial = 0;
    ::X509_set_version(certificate, X509_VERSION_3);
    ::ASN1_INTEGER_set(::X509_get_serialNumber(certificate), ++serial);
    ::ASN1_TIME_set(::X509_getm_notBefore(certificate), not_before);
    ::ASN1_TIME_set(::X509_getm_notAfter(certificate), not_after);
    ::X509_NAME_add_entry_by_txt(
        ::X509_get_subject_name(certificate),
        "CN",
        MBSTRING_ASC,
        reinterpret_cast<const unsigned char*>(name.data()),
        static_cast<int>(name.size()),
        -1,
        0);
    ::X509_set_pubkey(certificate, made.key.get());
    return made;
}

std::string text_of(BIO* bio) {
    char* data = nullptr;
    const auto size = BIO_get_mem_data(bio, &data);
    std::string text{data, static_cast<std::size_t>(size)};
    ::BIO_free(bio);
    return text;
}

}  // namespace

TestFolder::TestFolder() {
    auto pattern = (std::filesystem::temp_directory_path() / "dnsloom-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw std::runtime_error{"no folder for a test"};
    path_ = pattern;
}

TestFolder::~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string TestFolder::write(const std::string& name, const std::string& content) const {
    std::ofstream{path(name), std::ios::trunc} << content;
    return path(name);
}

TestAuthority::TestAuthority(const std::string& name)
    : own_{make(name, Subject{}.not_before, Subject{}.not_after)} {
    auto& certificate = *own_.certificate;
    ::X509_set_issuer_name(&certificate, ::X509_get_subject_name(&certificate));
    add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign");
    require(::X509_sign(&certificate, own_.key.get(), ::EVP_sha256()) != 0, "signature");
}

CertifiedKey TestAuthority::issue(const Subject& subject) const {
    auto made = make("server", subject.not_before, subject.not_after);
    auto& certificate = *made.certificate;
    ::X509_set_issuer_name(&certificate, ::X509_get_subject_name(own_.certificate.get()));
    add_extension(certificate, *own_.certificate, NID_subject_alt_name, subject.alt_names);
    require(::X509_sign(&certificate, own_.key.get(), ::EVP_sha256()) != 0, "signature");
    return made;
}

std::string TestAuthority::pem() const { return pem_of(*own_.certificate); }

std::string pem_of(X509& certificate) {
    auto* bio = ::BIO_new(::BIO_s_mem());
    ::PEM_write_bio_X509(bio, &certificate);
    return text_of(bio);
}

std::string pem_of(EVP_PKEY& key) {
    auto* bio = ::BIO_new(::BIO_s_mem());
    ::PEM_write_bio_PrivateKey(bio, &key, nullptr, nullptr, 0, nullptr, nullptr);
    return text_of(bio);
}

}  // namespace loom::forward::test
