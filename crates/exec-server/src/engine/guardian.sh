# Ends the commands of an exec-server that has died. Reads what the server does from a socket,
# a line each; the socket's end is the server's end.
#
#   + GROUP           a command runs in this process group
#   - GROUP           it is over
#   T GROUP, K GROUP  send TERM or KILL to the group, then answer with an empty line
#   P                 answer with an empty line
#
# $1: how many tenths of a second lie between TERM and KILL.
trap '' HUP INT QUIT TERM PIPE TSTP TTIN TTOU
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
tenths=$1
groups=' '    # a list of words, a space before and after each

# A command that starts in a session of its own has no group yet for its first millisecond.
send() { kill -s "$1" -- "-$2" || kill -s "$1" -- "$2"; }

while read -r verb a; do
  case $verb in
    '+') groups="$groups$a " ;;
    '-')
      # A guardian that has replaced another may not know it.
      case $groups in
        *" $a "*) groups="${groups%%" $a "*} ${groups#*" $a "}" ;;
      esac ;;
    T) send TERM "$a"; echo ;;
    K) send KILL "$a"; echo ;;
    P) echo ;;
  esac
done

for group in $groups; do
  send TERM "$group"
done
while [ "$tenths" -gt 0 ]; do
  left=
  for group in $groups; do
    kill -s 0 -- "-$group" && left="$left $group"
  done
  groups=$left
  [ -n "$groups" ] || exit 0
  sleep 0.1 || sleep 1
  tenths=$((tenths - 1))
done
for group in $groups; do
  send KILL "$group"
done
