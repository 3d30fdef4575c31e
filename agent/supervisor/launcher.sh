# Becomes the command: sh launcher.sh <spool folder> <cgroup or ->
# Warm in its own session and cgroup; one line through standard input, the execution's folder, makes it run what the agent
# wrote to `launch` there. It forks nothing, so its pid is the command's.
unset LC_ALL MUSTER_FAILPOINT OLDPWD
if [ "$2" != - ]; then echo 0 >"$2/cgroup.procs" || exit 1; fi
exec 2>"$1/err.fifo" 9>"$1/out.fifo"
# A failed exec of bash must come back to us, as dash's does through the trap.
if command -v shopt >/dev/null; then shopt -s execfail; fi
read -r pid rest </proc/self/stat
echo "ready $pid"
exec >&9 9>&-
unset pid rest
IFS= read -r REPLY || exit 0
: <"$1/go.fifo"
. "$REPLY/launch"
