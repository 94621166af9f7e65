/* SPDX-License-Identifier: Apache-2.0 */
/* The whole plugin ABI. A plugin needs no other header. */
#ifndef LOOM_ABI_ABI_H
#define LOOM_ABI_ABI_H

#include "base.h"
#include "host.h"
#include "options.h"
#include "plugin.h"
#include "query.h"
#include "service/ask.h"
#include "service/command.h"
#include "service/events.h"
#include "service/http.h"
#include "service/log.h"
#include "service/loop.h"
#include "service/meta.h"
#include "service/metrics.h"
#include "service/publish.h"
#include "service/question.h"
#include "service/response.h"
#include "service/watch.h"
#include "version.h"

#endif
