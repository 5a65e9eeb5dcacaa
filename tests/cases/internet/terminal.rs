//! Telnet with telnetlib3, which first asks for an option and sends GA (go ahead) after each
//! prompt.

use cross_process::others::{self, Other};

use super::{both, printed};

#[test]
fn telnet_command_runs_commands_on_telnetlib3() {
    let Some(mut server) = others::python_script("telnetlib3-server", "telnet_command") else {
        return;
    };
    server.args(["127.0.0.1", "0"]);
    let server = Other::start(server);
    let mut all_shown = Vec::new();
    for client in both("telnet_command") {
        let args = ["tel:sh> ", "help", "nonsense", "quit"];
        let Some(shown) = printed(client, server.addr, &args) else {
            continue;
        };
        assert!(shown.starts_with("Ready.\ntel:sh> "), "{shown:?}");
        assert!(shown.contains("quit, writer, slc, "), "{shown:?}");
        assert!(shown.trim_end().ends_with("Goodbye."), "{shown:?}");
        assert_eq!(shown.matches("tel:sh> ").count(), 3, "{shown:?}");
        let is_plain = |c: char| c == '\n' || (' '..='~').contains(&c);
        assert!(shown.chars().all(is_plain), "{shown:?}");
        all_shown.push(shown);
    }
    assert!(all_shown.windows(2).all(|two| two[0] == two[1]));
}
