# Drains one FIFO of an execution into its spool: sh drain.sh <spool folder> <out|err> [segment bytes]
#
# Warm in the supervisor's session, without its ends of the FIFOs. What was read is in a segment file at once:
# `<stream>.<base>.<nnnnnn>`, base = absolute offset at which this run of `split` began (16 digits), n = segments since. Empty
# files tell what names and sizes can't:
#   <stream>.killed.<offset>       bytes were lost here, nobody knows how many
#   <stream>.full.<from>.<until>   these bytes were lost for a full disk (from = until: nobody knows how many)
#   <stream>.eof                   everybody who could write has gone, and all of it was read
#   <stream>.end                   the agent's: the stream's end is known, what comes is dropped
# `bound` (bytes, then the policy) is read anew at every segment, <stream>.hold (see await_readers) as well. All names are relative: the folder may be renamed.
# The same file is the loop, and, sourced by the shell that `split` starts for each segment, the filter.

pad() { # <offset> → $padded
  padded=$(printf %016d "$1")
}

locate() { # <segment file> → $at, its absolute offset. The leading 1 keeps zeros from meaning octal.
  at=${1#"$stream".}
  at=$((1${at%.*} - 10000000000000000 + (1${at#*.} - 1000000) * segment_bytes))
}

measure() { # <file> → $size
  size=$(stat -c %s "$1" 2>/dev/null) || size=0
}

find_end() { # → $end: past everything kept or counted as lost
  end=0
  last=
  for each in "$stream".[0-9]*.[0-9]*; do
    [ -e "$each" ] || continue
    locate "$each"
    if [ "$at" -ge "$end" ]; then end=$at last=$each; fi
  done
  if [ -n "$last" ]; then
    measure "$last"
    end=$((end + size))
  fi
  for each in "$stream".full.*.*; do
    [ -e "$each" ] || continue
    at=$((1${each##*.} - 10000000000000000))
    if [ "$at" -gt "$end" ]; then end=$at; fi
  done
}

has_room() { # <bytes>
  set -- "$1" $(stat -f -c '%a %S' . 2>/dev/null) 1000000000 1000000000
  [ $(($2 * $3)) -ge "$1" ]
}

is_low() { # less room than this segment and three more may need
  ! has_room $((segment_bytes * 4))
}

read_bound() { # → $bound, $policy
  bound= policy=
  { read -r bound; read -r policy; } 2>/dev/null <bound
  case $bound in '' | 0 | *[!0-9]*) bound=268435456 ;; esac
  if [ "$policy" = throttle ] && [ "$bound" -lt $((segment_bytes * 4)) ]; then bound=$((segment_bytes * 4)); fi
}

# Under `throttle`: waits as long as dropping what is before $1 would rob a reader of the agent's. <stream>.hold says
# "<agent's pid> <its start time> <offset of the slowest reader>"; false where nothing may be dropped at all (the offset is -).
await_readers() {
  while { read -r pid start reader <"$stream.hold"; } 2>/dev/null && [ ! -e "$stream.end" ]; do
    { read -r stat <"/proc/$pid/stat"; } 2>/dev/null || return 0
    set -- "$1" ${stat##*) }
    [ "${21}" = "$start" ] || return 0
    [ "$reader" != - ] || return 1
    [ "$reader" -lt "$1" ] || return 0
    sleep 0.05
  done
  return 0
}

# Makes room for the segment that begins at $1. The one before it always stays: the end mark may lie across the border.
keep_bound() {
  read_bound
  if [ "$policy" = keep-head ]; then
    from=$((bound - 2 * segment_bytes)) until=$(($1 - segment_bytes))
    if [ "$from" -lt "$segment_bytes" ]; then from=$segment_bytes; fi
  else
    from=0 until=$(($1 + segment_bytes - bound))
    if [ "$until" -gt $(($1 - segment_bytes)) ]; then until=$(($1 - segment_bytes)); fi
  fi
  [ "$until" -gt "$from" ] || return
  if [ "$policy" = throttle ]; then await_readers $((until + segment_bytes)) || return; fi
  set --
  for each in "$stream".[0-9]*.[0-9]*; do
    [ -e "$each" ] || continue
    locate "$each"
    if [ "$at" -ge "$from" ] && [ "$at" -lt "$until" ]; then set -- "$@" "$each"; fi
  done
  [ $# -eq 0 ] || rm -f "$@"
}

drop_oldest() { # never $1; nothing under keep-head, where what came first is what is wanted
  [ "$policy" != keep-head ] || return
  oldest=
  for each in "$stream".[0-9]*.[0-9]*; do
    [ "$each" != "$1" ] && [ -s "$each" ] || continue
    locate "$each"
    if [ -z "$oldest" ] || [ "$at" -lt "$oldest_at" ]; then oldest=$each oldest_at=$at; fi
  done
  [ -n "$oldest" ] || return
  measure "$oldest"
  rm -f "$oldest"
  pad "$oldest_at"
  mark=$padded
  pad $((oldest_at + size))
  : >"$stream.full.$mark.$padded"
}

mark_full() { # <from> <until>, both absolute; one that goes on where the last one ended replaces it
  pad "$2"
  mark_until=$padded
  if [ -n "$lost_at" ] && [ "$1" -eq "$lost_until" ]; then pad "$lost_at"; else
    lost_at=$1 lost_mark=
    pad "$1"
  fi
  : >"$stream.full.$padded.$mark_until"
  if [ -n "$lost_mark" ] && [ "$lost_mark" != "$stream.full.$padded.$mark_until" ]; then rm -f "$lost_mark"; fi
  lost_mark=$stream.full.$padded.$mark_until lost_until=$2
}

# One read at a time, each counted, so that what a full disk swallows is known to the byte.
copy_counted() { # $file, which begins at $file_at; the copy goes on at $file_at + its size
  measure "$file"
  end=$((file_at + size)) lost_at= lost_mark=
  while :; do
    if ! has_room 262144; then drop_oldest "$file"; fi
    count=$(dd bs=65536 count=1 2>/dev/null | tee -a "$file" 2>/dev/null | wc -c)
    [ "$count" -gt 0 ] || break
    end=$((end + count))
    measure "$file"
    [ $((file_at + size)) -lt "$end" ] || continue
    lost=$((file_at + size))
    if [ "$size" -eq 0 ]; then rm -f "$file"; fi
    mark_full "$lost" "$end"
    pad "$end"
    file=$stream.$padded.000000 file_at=$end
  done
  # End-of-file, or a killed dd: then the rest of the segment must be read all the same, or `split` would lose more.
  exec cat >/dev/null
}

# `split` goes on and says nothing when its filter dies: the rest of the segment would be lost. So this shell stays, reads on
# after a killed `cat`, and the next segment's name tells how many bytes went.
copy_segment() {
  [ ! -e "$stream.end" ] || exec cat >/dev/null
  locate "$FILE"
  file=$FILE file_at=$at
  keep_bound "$at"
  if [ "$file" != "$first" ] && is_low; then low=1; elif [ "$file" != "$first" ]; then low=; fi
  while [ -z "$low" ]; do
    if cat 2>/dev/null >>"$file"; then exit 0; else status=$?; fi
    measure "$file"
    end=$((file_at + size))
    pad "$end"
    if [ "$status" -lt 128 ]; then
      low=1
      : >"$stream.full.$padded.$padded"
      drop_oldest "$file"
      pad "$end"
    else
      : >"$stream.killed.$padded"
    fi
    file=$stream.$padded.000000 file_at=$end
  done
  copy_counted
}

if [ $# -eq 0 ]; then
  copy_segment
  exit
fi

umask 077
case $0 in /*) drain=$0 ;; *) drain=$PWD/$0 ;; esac
cd "$1" || exit 2
stream=$2 segment_bytes=${3:-16777216}
# The FIFO's writing ends must not live on in here: there would be no end-of-file.
exec 3<&- 4<&- 5<&- 6<&- 7<&- 8<&-
# Held by every process of this drain: a loop that is started again waits for what the dead one left behind.
exec 9>>"$stream.lock"
flock 9 || exit 2
exec <"$stream.fifo" >/dev/null
# `split` runs filters with $SHELL.
export SHELL=/bin/sh drain stream segment_bytes first low

echo $$ >"$stream.loop"
again=
if [ -e "$stream.started" ]; then again=1; fi
: >"$stream.started"

while [ ! -e "$stream.end" ]; do
  find_end
  pad "$end"
  if [ -n "$again" ]; then : >"$stream.killed.$padded"; fi
  again=1 first=$stream.$padded.000000 low=
  if is_low; then low=1; fi
  # The substitution ends when the last process that holds 3 has: `split`, and whatever of its filters outlived it.
  { held=$(sh -c 'echo $$ >"$0.pid"; exec split -b "$1" -a 6 -d --filter=". \"\$drain\"" - "$0.$2."' \
    "$stream" "$segment_bytes" "$padded" 3>&1 >/dev/null); } 2>/dev/null
  case $? in
    0) : >"$stream.eof"; exit 0 ;;
    126 | 127) exit 2 ;;
    *) sleep 0.05 ;;
  esac
done
exec cat >/dev/null
