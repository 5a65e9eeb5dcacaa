//! Tests a network that fails silently: two network namespaces with a link between them.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;
use std::time::Duration;

use cross_process::artifacts::artifacts;
use cross_process::deadline::SOON;
use cross_process::process::Process;
use cross_process::skip::skip;
use cross_process::temp::TempDir;

/// The server is in the other namespace. The link goes down once the command has begun. `$1` is the
/// folder of the tools, `$2` a scratch folder, `$3` the command, `$4` its input.
const CUT: &str = r#"
set -e
unshare -n sleep 1000 & other=$!
until [ "$(readlink /proc/$other/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done
on_the_other() { nsenter -t $other -n "$@"; }
ip link add here type veth peer name there
ip link set there netns $other
ip addr add 10.9.0.1/24 dev here
ip link set here up
on_the_other ip addr add 10.9.0.2/24 dev there
on_the_other ip link set there up
mkfifo "$2/server" "$2/begun"
nsenter -t $other -n "$1/exec-server" --quiet --allow-remote --token-file "$2/token" 10.9.0.2:0 > "$2/server" & server=$!
read listening on endpoint < "$2/server"
"$1/exec-client" --alive-interval 300ms --token-file "$2/token" "$endpoint" "$3" < "$4" > "$2/begun" & client=$!
{ read begun; ip link set here down; cat > /dev/null; } < "$2/begun"
status=0
wait $client || status=$?
kill -KILL $server $other
exit $status
"#;

#[test]
fn a_client_notices_that_its_server_has_vanished() {
    let may = Command::new("unshare").args(["-rn", "true"]).output();
    if !may.is_ok_and(|output| output.status.success()) {
        return skip("a network that is cut", "no namespaces for this user");
    }
    if fs::metadata("/proc/self").is_ok_and(|own| own.uid() != 0) {
        // In such a namespace root's folders, including /tmp, belong to user nobody, so no token
        // file is accepted there.
        return skip("a network that is cut", "it needs root");
    }
    let tools = artifacts().tool("exec-client");
    let tools = tools.parent().unwrap();
    for (command, input) in [
        ("echo begun; exec sleep 1000", "/dev/null"),
        // The link goes down while there is much to send, or to read.
        ("echo begun; exec cat > /dev/null", "/dev/zero"),
        ("echo begun; exec yes", "/dev/null"),
    ] {
        let dir = TempDir::new();
        let mut cut = Command::new("unshare");
        cut.args(["-rn", "sh", "-c", CUT, "sh"]).arg(tools);
        cut.arg(dir.path()).args([command, input]);
        let done = Process::spawn(cut).finish(SOON + Duration::from_secs(5));
        let text = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(255), "{command}: {text}");
        assert!(
            text.contains("it answered no ping for 900ms"),
            "{command}: {text}"
        );
    }
}
