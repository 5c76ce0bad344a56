#!/bin/bash
# Boots systemd as PID 1 of namespaces of its own, on an overlay of LOWER (/ is this host's root):
#     boot.sh FOLDER GROUP LOWER PATH...
# FOLDER holds the machine's disk; nothing else of the host is written. GROUP names its control
# groups. Each PATH is made readable for everybody on the machine, or mounted where it is missing.
# Nothing is mounted in the host's own namespace: when PID 1 is gone, all of it is gone.
set -eu
folder=$1 group=$2 lower=$3
shift 3

# Every v1 hierarchy needs a group of ours before the cgroup namespace is made: systemd would else
# mount the missing ones and leave its slices in the host's.
kind=$(stat -fc %T /sys/fs/cgroup)
hierarchies=
own() {
    mkdir -p "$1/$group"
    if [ -e "$1/$group/cpuset.cpus" ] && [ -e "$1/cpuset.cpus" ]; then
        cat "$1/cpuset.cpus" >"$1/$group/cpuset.cpus"
        cat "$1/cpuset.mems" >"$1/$group/cpuset.mems"
    fi
    echo $$ >"$1/$group/cgroup.procs"
}
if [ "$kind" = cgroup2fs ]; then
    own /sys/fs/cgroup
else
    for hierarchy in /sys/fs/cgroup/*/; do
        hierarchy=${hierarchy%/}
        if [ -L "$hierarchy" ] || ! mountpoint -q "$hierarchy"; then continue; fi
        own "$hierarchy"
        hierarchies="$hierarchies ${hierarchy##*/}"
    done
fi
export folder lower kind hierarchies

inside() {
    set -eu
    disk=$folder/disk root=$folder/root
    mount -t overlay overlay -o "lowerdir=$lower,upperdir=$disk/upper,workdir=$disk/work" "$root"
    for path in "$@"; do
        if [ ! -e "$root$path" ]; then
            mkdir -p "$root$path"
            mount --bind "$path" "$root$path"
        fi
        while [ "$path" != / ]; do chmod o+rx "$root$path"; path=$(dirname "$path"); done
    done
    # Only what a test installs is started: the host's own services stay where they are.
    if [ ! -e "$disk/begun" ]; then
        rm -rf "$root"/etc/systemd/system/*.wants "$root/lib/systemd/system/multi-user.target.wants"
        touch "$disk/begun"
    fi
    mount --bind "$disk/srv" "$root/srv"
    mount --bind "$disk/state" "$root/var/lib/pawl"
    mount -t proc proc "$root/proc"
    mount -t sysfs sysfs "$root/sys"
    for name in run dev; do mount -t tmpfs -o mode=755 tmpfs "$root/$name"; done
    mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
    mkdir "$root/dev/pts" "$root/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$root/dev/pts"
    mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
    while read -r name major minor; do mknod -m 666 "$root/dev/$name" c "$major" "$minor"; done <<-NODES
	null 1 3
	zero 1 5
	full 1 7
	random 1 8
	urandom 1 9
	tty 5 0
	NODES
    mknod -m 600 "$root/dev/console" c 1 3
    ln -s pts/ptmx "$root/dev/ptmx"
    ln -s /proc/self/fd "$root/dev/fd"
    # Later ones still take v1 in a container, but no host that they boot has it.
    version=$(chroot "$root" /lib/systemd/systemd --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
    if [ "$kind" = cgroup2fs ] || [ "$version" -ge 256 ]; then
        mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
    else
        mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
        for name in $hierarchies; do
            mkdir "$root/sys/fs/cgroup/$name"
            case $name in
            unified) mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup/$name" ;;
            systemd) mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/$name" ;;
            *) mount -t cgroup -o "$name" cgroup "$root/sys/fs/cgroup/$name" ;;
            esac
        done
    fi
    cd "$root"
    mkdir -p .host
    pivot_root . .host
    umount -l /.host
    rmdir /.host
    # What a container's manager does: systemd hands credentials to a unit through a shared mount.
    mount --make-rshared /
    hostname buildhost
    exec env -i container=pawl-test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd \
        --unit=multi-user.target --show-status=0 --log-target=journal
}
export -f inside
# Killed tests take their machine along.
exec setpriv --pdeathsig KILL unshare --pid --fork --mount --cgroup --uts --ipc --net --propagation private \
    --kill-child bash -c 'inside "$@"' inside "$@"
