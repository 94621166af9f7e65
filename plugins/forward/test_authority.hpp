// SPDX-License-Identifier: Apache-2.0
// Certificates made on the spot, for tests.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace loom::forward::test {

struct FreeCertificate {
    void operator()(X509* certificate) const { ::X509_free(certificate); }
    void operator()(EVP_PKEY* key) const { ::EVP_PKEY_free(key); }
};

struct CertifiedKey {
    std::unique_ptr<X509, FreeCertificate> certificate;
    std::unique_ptr<EVP_PKEY, FreeCertificate> key;
};

/// What a certificate says.
struct Subject {
    std::string alt_names = "IP:127.0.0.1,DNS:dns.example";
    /// Seconds since 1970; the harness begins with 2026.
    std::int64_t not_before = 1'700'000'000;
    std::int64_t not_after = 2'000'000'000;
};

/// A folder that goes with its owner.
class TestFolder {
public:
    TestFolder();
    TestFolder(const TestFolder&) = delete;
    TestFolder& operator=(const TestFolder&) = delete;
    ~TestFolder();

    std::string path(const std::string& name) const { return path_ + "/" + name; }
    /// Gives the path.
    std::string write(const std::string& name, const std::string& content) const;

private:
    std::string path_;
};

/// Signs certificates.
class TestAuthority {
public:
    explicit TestAuthority(const std::string& name = "Test CA");

    CertifiedKey issue(const Subject& subject = {}) const;
    /// Its own certificate, in PEM.
    std::string pem() const;

private:
    CertifiedKey own_;
};

[[nodiscard]] std::string pem_of(X509& certificate);
[[nodiscard]] std::string pem_of(EVP_PKEY& key);

}  // namespace loom::forward::test
