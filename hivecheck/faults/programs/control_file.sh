# Prints the first of the given control files that exists, in either version of control groups. Arguments: NAME...
# It runs in the shell alone: another program would take memory from a node that may have none left.
for f in "$@"; do for p in /sys/fs/cgroup/$f /sys/fs/cgroup/memory/$f; do
[ -r $p ] && while read -r l; do echo "$l"; done < $p && exit; done; done; true
