//! A node that never stops sending is cut off, whatever it was asked.

use alloy_primitives::{Address, B256, Bloom};
use indexer::chain::rpc::RpcChain;
use indexer::chain::{Chain, ChainError, Header, LogQuery};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Answers every request with white space, of which JSON may have any amount.
async fn endless(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(stream_spaces(stream));
    }
}

async fn stream_spaces(mut stream: TcpStream) {
    let chunk = [b"10000\r\n".as_slice(), &[b' '; 0x10000], b"\r\n"].concat();
    let mut request = [0; 4_096];
    if stream.read(&mut request).await.is_err() {
        return;
    }
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut sent = stream.write_all(head).await;
    while sent.is_ok() {
        sent = stream.write_all(&chunk).await;
    }
}

async fn node() -> RpcChain {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(endless(listener));
    RpcChain::new(url.parse().expect("a URL")).expect("a client")
}

#[tokio::test]
async fn a_range_without_end_is_too_large() {
    let query = LogQuery { addresses: vec![Address::ZERO], topics: Vec::new(), topic1: None };
    let answer = node().await.logs_in_range(1, 1_000, &query).await;
    assert!(matches!(answer, Err(ChainError::TooLarge { limit_blocks: None, .. })), "{answer:?}");
}

#[tokio::test]
async fn what_no_smaller_range_mends_is_no_answer() {
    let node = node().await;
    let query = LogQuery { addresses: vec![Address::ZERO], topics: Vec::new(), topic1: None };
    let header = Header {
        number: 0,
        hash: B256::ZERO,
        parent_hash: B256::ZERO,
        timestamp: 0,
        logs_bloom: Bloom::ZERO,
        receipts_root: B256::ZERO,
    };
    let logs = node.logs_of_block(&header, &query).await;
    assert!(matches!(logs, Err(ChainError::Unavailable(_))), "{logs:?}");
    let head = node.head().await;
    assert!(matches!(head, Err(ChainError::Unavailable(_))), "{head:?}");
}
