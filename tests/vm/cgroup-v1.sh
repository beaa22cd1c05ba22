# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# vm.sh --cgroup-v1: before the command, under the minimal PID 1, all controllers that the kernel still has go from the v2 tree to v1
# hierarchies of their own, as plain v1 hosts have them (Debian's 6.12 has no memory controller for v1).
cg=/sys/fs/cgroup
while read -r p; do echo "$p" > $cg/cgroup.procs; done < $cg/init/cgroup.procs 2> /dev/null
tr ' ' '\n' < $cg/cgroup.subtree_control | while read -r c; do echo "-$c" > $cg/cgroup.subtree_control; done
rmdir $cg/init
umount $cg && mount -t tmpfs -o mode=755 cgroup $cg
for c in cpuset cpu cpuacct blkio memory devices freezer net_cls perf_event net_prio hugetlb pids rdma misc; do
  grep -q "^${c}[[:blank:]]" /proc/cgroups || continue
  mkdir $cg/$c
  for _ in 1 2 3 4 5 6 7 8 9 10; do # a controller leaves the v2 tree some time after its last cgroup, which cached files keep
    ! mount -t cgroup -o $c cgroup $cg/$c 2> /dev/null || continue 2
    sync
    echo 3 > /proc/sys/vm/drop_caches
    sleep 0.5
  done
  echo "# cgroup-v1: $c can't be mounted"
  rmdir $cg/$c
done
mkdir $cg/systemd && mount -t cgroup -o none,name=systemd cgroup $cg/systemd
unset cg c p
