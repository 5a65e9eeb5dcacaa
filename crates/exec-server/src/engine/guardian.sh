# Ends the commands of an exec-server that has died. Reads what the server does from a socket,
# a line each; the socket's end is the server's end.
#
#   ? OUT ERR         a command is about to start; its output pipes have these inode numbers
#   ! OUT ERR         it did not start
#   + GROUP OUT ERR   it runs, in this process group
#   - GROUP           it is over
#   T GROUP, K GROUP  send TERM or KILL to the group, then answer with an empty line
#   P                 answer with an empty line
#
# $1: how many tenths of a second lie between TERM and KILL.
trap '' HUP INT QUIT TERM PIPE TSTP TTIN TTOU
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
tenths=$1
groups=' '    # lists of words, a space before and behind each
starting=' '

# Sets $list to the list $2 without the word $1.
without() {
  case $2 in
    *" $1 "*) list="${2%%" $1 "*} ${2#*" $1 "}" ;;
    *) list=$2 ;;
  esac
}

started() {
  without "$1" "$starting"
  without "$2" "$list"
  starting=$list
}

while read -r verb a b c; do
  case $verb in
    '?') starting="$starting$a $b " ;;
    '!') started "$a" "$b" ;;
    '+') groups="$groups$a "; started "$b" "$c" ;;
    '-') without "$a" "$groups"; groups=$list ;;
    T) kill -s TERM -- "-$a"; echo ;;
    K) kill -s KILL -- "-$a"; echo ;;
    P) echo ;;
  esac
done

# The server died between making a process and telling its number: the process is whoever holds
# the pipes that were made for it.
find_started() {
  set -- $(ls -l /proc/[0-9]*/fd/[12] |
    sed -n 's|.* /proc/\([0-9]*\)/fd/. -> pipe:\[\([0-9]*\)\]$|\1 \2|p')
  while [ $# -ge 2 ]; do
    case $starting in
      *" $2 "*) add_group_of "$1" ;;
    esac
    shift 2
  done
}

add_group_of() {
  read -r stat <"/proc/$1/stat" || return
  set -- ${stat##*) }
  without "$3" "$groups"
  groups="$list$3 "
}

[ "$starting" = ' ' ] || find_started
for group in $groups; do
  kill -s TERM -- "-$group"
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
  kill -s KILL -- "-$group"
done
