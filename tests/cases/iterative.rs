//! Iterative servers serve one client at a time, and threading servers serve several.

use cross_process::deadline::A_MOMENT;
use cross_process::net;
use cross_process::program::Program::{self, Python, Rust};

const ITERATIVE: [Program; 2] = [Python("tcp_server"), Rust("tcp_server")];
const THREADING: [Program; 1] = [Python("threading_tcp_server")];

#[test]
fn the_second_client_of_an_iterative_server_waits_until_the_first_has_left() {
    for server in ITERATIVE.into_iter().filter_map(Program::serve) {
        let first = net::connect(server.addr());
        assert_eq!(net::ask(&first, b"one", 3), b"ONE");
        let second = net::connect(server.addr());
        net::send(&second, b"two");
        // The server answers the first client again, although the second one's message arrived
        // before.
        assert_eq!(net::ask(&first, b"more", 4), b"MORE");
        net::assert_silent(&second, A_MOMENT);
        drop(first);
        assert_eq!(
            net::read_exact(&second, 3, cross_process::deadline::SOON),
            b"TWO"
        );
    }
}

#[test]
fn the_second_client_of_a_threading_server_is_served_at_once() {
    for mut server in THREADING.into_iter().filter_map(Program::serve) {
        let first = net::connect(server.addr());
        assert_eq!(net::ask(&first, b"one", 3), b"ONE");
        let second = net::connect(server.addr());
        assert_eq!(net::ask(&second, b"two", 3), b"TWO");
        assert_eq!(net::ask(&first, b"more", 4), b"MORE");
        drop((first, second));
        server.assert_alive(|addr| {
            assert_eq!(net::ask(&net::connect(addr), b"fresh", 5), b"FRESH");
        });
    }
}
