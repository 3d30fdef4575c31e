# Writes down its start, prints numbered lines that bear its execution's id, writes down its stop, exits:
#   sh worker.sh <marks file> <lines> <lines a step> <pause after a step, s> <exit code>
marks=$1 lines=$2 step=$3 pause=$4 code=$5
echo "start $MUSTER_EXECUTION $(date +%s%3N)" >>"$marks"
from=1
while [ "$from" -le "$lines" ]; do
  until=$((from + step - 1))
  [ "$until" -le "$lines" ] || until=$lines
  seq -f "$MUSTER_EXECUTION %012.0f" "$from" "$until"
  from=$((until + 1))
  [ "$from" -gt "$lines" ] || sleep "$pause"
done
echo "stop $MUSTER_EXECUTION $(date +%s%3N)" >>"$marks"
exit "$code"
