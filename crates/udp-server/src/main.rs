//! A UDP server that answers each datagram with its ASCII upper case, in one loop.
//!
//! `options.rs` is its command line, `upper.rs` answers a datagram.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod options;
mod upper;

use std::net::{SocketAddr, UdpSocket};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use options::{Options, TOOL};
use proto::cli::{self, Failure};
use proto::net::{Endpoint, bind_udp_all, dropped_datagrams};
use proto::serving;
use proto::socketserver::{Datagram, Datagrams, UdpServer};
use upper::Upper;

fn main() -> ExitCode {
    cli::run(&TOOL, serve)
}

fn serve(options: &Options) -> Result<ExitCode, Failure> {
    let log = options.log;
    cli::log_in_background()?;
    let bound = bind_udp_all(&options.endpoint)?.into_iter();
    let (sockets, addresses): (Vec<UdpSocket>, Vec<SocketAddr>) = bound.unzip();
    for bound in &addresses {
        check_reach(*bound, options)?;
    }
    // The server closes its sockets when it ends. These duplicates still give the number of dropped
    // datagrams.
    let same_sockets: Vec<UdpSocket> = sockets.iter().flat_map(UdpSocket::try_clone).collect();
    let upper = Arc::new(Upper::new(options));
    let source = Datagrams::all(sockets).max_packet_size(options.recv_size);
    let shared = Arc::clone(&upper);
    let server = UdpServer::new(source, |datagram: &mut Datagram| upper.answer(datagram))
        .on_event(move |event| shared.failed(event));
    if options.stop_on_eof {
        // The server still answers the current datagram; there is nothing else to wait for.
        serving::stop_when_stdin_ends(server.stopper(), Duration::ZERO, log)?;
    }
    let endpoints: Vec<Endpoint> = addresses.into_iter().map(Endpoint::from).collect();
    serving::print_endpoints(&endpoints)?;
    server.serve_forever();
    log.info(format_args!("{}", upper.counts));
    let dropped: u64 = same_sockets.iter().filter_map(dropped_datagrams).sum();
    if dropped > 0 {
        log.info(format_args!(
            "{dropped} more dropped by the kernel (they came faster than they were answered); a \
             longer queue holds bursts: sysctl net.core.rmem_default"
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Refuses an address that other machines can reach, unless `--allow-remote` was given. It checks
/// the bound address, not the name.
fn check_reach(bound: SocketAddr, options: &Options) -> Result<(), Failure> {
    if Endpoint::from(bound).is_local()? {
        return Ok(());
    }
    if !options.allow_remote {
        return Err(Failure::new(format!(
            "{bound} can be reached from other machines (a sender can be forged, and the answers \
             then go to its address); add --allow-remote if you want that"
        )));
    }
    options.log.info(format_args!(
        "note: {bound} can be reached from other machines; senders can be forged, and the \
         answer to a forged datagram, of the same size, goes to that address"
    ));
    // std cannot choose the address that an answer is sent from (`IP_PKTINFO`).
    if bound.ip().is_unspecified() {
        options.log.info(format_args!(
            "note: on {bound} an answer may leave from another address of this host than the one that \
             was asked, and the client then does not receive it; bind one address if there are several"
        ));
    }
    Ok(())
}
