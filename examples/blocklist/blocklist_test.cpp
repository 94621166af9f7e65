// SPDX-License-Identifier: Apache-2.0
// Drives the plugin through the SDK's harness, with nothing but assert() as a test framework.

#include <dnsloom/harness/harness.hpp>

#undef NDEBUG
#include <unistd.h>

#include <cassert>
#include <cstdio>
#include <fstream>
#include <string>

namespace {

using loom::harness::Harness;
using loom::harness::Reply;

/// A file that is gone when the test ends.
class ListFile {
public:
    explicit ListFile(const std::string& text)
        : path_{"blocklist-test." + std::to_string(getpid())} {
        write(text);
    }
    ~ListFile() { std::remove(path_.c_str()); }
    void write(const std::string& text) { std::ofstream{path_} << text; }
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

loom::harness::Setup here() {
    loom::harness::Setup setup;
    setup.folder = ".";
    return setup;
}

void denies_names_and_what_is_below_them() {
    ListFile file{"# trackers\nads.example\n  Tracker.example.  # with a dot\n\n"};
    Harness h{loom_module_0, {{"path", file.path()}}, here()};
    h.behind.otherwise([](const auto&) { return Reply{.answer = {"ok.example. A 192.0.2.1"}}; });

    assert(h.ask("ads.example. A").rcode == 3);
    assert(h.ask("a.b.TRACKER.example. A").rcode == 3);
    assert(h.ask("ads.example. A").source == loom::harness::Source::plugin);
    assert(h.ask("example. A").rcode == 0);
    assert(h.ask("bads.example. A").rcode == 0);
    assert(h.metric("dnsloom_blocklist_blocked_total") == 3);
    assert(h.metric("dnsloom_blocklist_names") == 2);
}

void says_why() {
    ListFile file{"ads.example\n"};
    Harness h{loom_module_0, {{"path", file.path()}, {"rcode", "refused"}}, here()};

    const auto answer = h.ask(loom::harness::Question{"ads.example. A"}.edns());

    assert(answer.rcode == 5);
    assert(answer.extended_error()->code == 15);
}

void reads_the_file_again() {
    ListFile file{"ads.example\n"};
    Harness h{loom_module_0, {{"path", file.path()}}, here()};

    file.write("other.example\n");
    assert(h.change_file(h.watched_files().at(0)));
    h.run_ready();

    assert(h.ask("ads.example. A").source == loom::harness::Source::nobody);
    assert(h.ask("other.example. A").rcode == 3);
}

void keeps_the_old_names_when_the_file_is_wrong() {
    ListFile file{"ads.example\n"};
    Harness h{loom_module_0, {{"path", file.path()}}, here()};

    file.write("ads..example\n");
    h.change_file(h.watched_files().at(0));
    h.run_ready();

    assert(h.ask("ads.example. A").rcode == 3);
    assert(h.logged(":1: ads..example is no name"));
}

void refuses_a_file_that_is_wrong() {
    ListFile file{"good.example\nbad..example\n"};

    const auto text = Harness::refusal(loom_module_0, {{"path", file.path()}}, here());

    assert(text.find(":2: bad..example is no name") != std::string::npos);
}

}  // namespace

int main() {
    denies_names_and_what_is_below_them();
    says_why();
    reads_the_file_again();
    keeps_the_old_names_when_the_file_is_wrong();
    refuses_a_file_that_is_wrong();
    std::puts("5 passed");
}
