/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CPU affinity of the calling thread. */
#pragma once

/* All CPUs that the cgroup's cpuset allows. 0 or -errno. */
int affinity_reset(void);
