# Becomes the command: sh -c '. "$1"' muster launcher.sh <cgroup or -> <go.fifo>, with its standard output and error as 3 and 4.
# Warm in its own session and cgroup; one line through standard input, the execution's folder, makes it run what the agent
# wrote to `launch` there. It forks nothing, so its pid is the command's.
unset LC_ALL MUSTER_FAILPOINT OLDPWD
if [ "$2" != - ]; then echo 0 >"$2/cgroup.procs" || exit 1; fi
# A failed exec of bash must come back to us, as dash's does through the trap.
if command -v shopt >/dev/null; then shopt -s execfail; fi
read -r pid rest </proc/self/stat
echo "ready $pid"
exec >&3 3>&- 2>&4 4>&-
unset pid rest
IFS= read -r REPLY || exit 0
: <"$3"
. "$REPLY/launch"
