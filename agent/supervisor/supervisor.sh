# One execution's supervisor: sh supervisor.sh <spool folder> <drain.sh> <launcher.sh> <sh> <cgroup or -> <own cgroup or -> <prefix> [roomy]
# Warm until a line comes through its gate (standard input): "<nonce as octal escapes> <execution folder>". End-of-file, also
# in the middle of a line, means that nothing runs. Standard output is the agent's pipe: the launcher's "ready <pid>", no more.
# docs/recovery.md says why each step stands where it does; the fail points are those of agent/failpoints.ts.
set -f
umask 077
spool=$1 drain=$2 launcher=$3 shell=$4 cgroup=$5 own=$6 prefix=$7 roomy=$8
spool_name=${spool##*/}
failpoint=$MUSTER_FAILPOINT
unset MUSTER_FAILPOINT

# Stops here, once for all supervisors of a state folder, so that a test can kill it exactly here.
point() {
  [ "$failpoint" = "$1" ] || return 0
  set -C
  if { echo $$ >"$spool/../../failpoints/supervisor.$1"; } 2>/dev/null; then kill -STOP $$; fi
  set +C
}

# Out of the agent's cgroup, so that stopping its service does not take the commands with it.
if [ "$own" != - ]; then echo 0 >"$own/cgroup.procs" || exit 1; fi

mkfifo -m 600 "$spool/out.fifo" "$spool/err.fifo" "$spool/launch.fifo" "$spool/go.fifo" \
  "$spool/out.alive" "$spool/err.alive" || exit 1
# Held open both ways from the first on: nobody ever gets SIGPIPE, and none of the openings below can wait for the other end,
# since each child makes them while it still has these.
exec 7<>"$spool/out.fifo" 8<>"$spool/err.fifo" 9<>"$spool/launch.fifo"
# Nobody stands between the drains and end-of-file.
"$shell" "$drain" "$spool" out '' "$roomy" <"$spool/out.fifo" >/dev/null 2>>"$spool/drain.log" 7<&- 8<&- 9<&- &
"$shell" "$drain" "$spool" err '' "$roomy" <"$spool/err.fifo" >/dev/null 2>>"$spool/drain.log" 7<&- 8<&- 9<&- &
# A background child ignores INT and QUIT for good: the prefix gives them back.
# Sourced, so that what the shell may have to say of a program names no file of ours.
$prefix setsid "$shell" -c '. "$1"' muster "$launcher" "$cgroup" "$spool/go.fifo" \
  <"$spool/launch.fifo" 3>"$spool/out.fifo" 4>"$spool/err.fifo" 7<&- 8<&- 9<&- &
child=$!
exec >/dev/null
# Made ahead of need, as all that does not depend on the order.
: >"$spool/note"

point gate
IFS=' ' read -r nonce folder || exit 0
# Nothing leads to the agent from here on: its death breaks no pipe.
exec </dev/null 2>>"$spool/supervisor.log"
# Tells a supervisor that was lost here from one that an agent's death left without its line.
{ echo >"$folder/taken.$spool_name"; } 2>/dev/null
point gate-read

read -r up rest </proc/uptime
set -C
# Exclusively: of all supervisors an execution may ever have, one passes here.
{ echo "$child $up" >"$folder/started"; } 2>/dev/null || exit 0
set +C
point started

echo "$folder" >&9
exec 9>&-
# dash collects the dead after every builtin, and notes a signal only where `wait` itself does: so the command is let go by the
# opening of a FIFO that belongs to `wait`, and can't be dead before.
{ wait "$child" 5<>"$spool/go.fifo"; status=$?; } 2>"$spool/note"
point ended

read -r up rest </proc/uptime
# What the shell noted tells a signal from the same number as an exit code.
if [ -s "$spool/note" ]; then noted=1; else noted=0; fi
name=exit try=0
set -C
until echo "$status $noted $up" >"$folder/$name"; do
  [ -d "$folder" ] || exit 0
  try=$((try + 1))
  name=exit.$try
  sleep 1
done 2>/dev/null
set +C
point exit

printf "$nonce" >&7
printf "$nonce" >&8
