// SPDX-License-Identifier: Apache-2.0
// Asio's implementation, compiled once instead of in every file that uses it.
#include <boost/asio/impl/src.hpp>
