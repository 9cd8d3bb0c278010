//! Ports, looked at before anything is started.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::Result;

use crate::failure::Failure;

/// Anvil's usual port, which wallets and tools propose.
const USUAL_NODE_PORT: u16 = 8545;

/// An error in one line if nobody could listen at `address`.
pub(super) fn require_free(address: SocketAddr) -> Result<()> {
    let Err(error) = TcpListener::bind(address) else { return Ok(()) };
    let port = address.port();
    let reason = match error.kind() {
        ErrorKind::AddrInUse => format!("port {port} is in use; choose another with --listen"),
        ErrorKind::PermissionDenied => format!("port {port} is reserved for root; choose another with --listen"),
        _ => format!("cannot listen at {address} ({error}); choose another with --listen"),
    };
    Err(Failure::usage(reason).into())
}

/// The port for the local node: the usual one if it is free, else 0 for any.
pub(super) fn for_node() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, USUAL_NODE_PORT)).map_or(0, |_| USUAL_NODE_PORT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_named_with_the_mend() {
        let held = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = held.local_addr().unwrap();
        let error = require_free(address).unwrap_err();
        assert_eq!(error.to_string(), format!("port {} is in use; choose another with --listen", address.port()));
        assert_eq!(Failure::code_of(&error), 2);
        drop(held);
        require_free(address).unwrap();
    }
}
