//! HTTP/2 and what it can be abused for: each is stopped with the right code, or bounded, and others are served.

use std::time::Duration;

use continuity_tests::harness::{Access, Failure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::frames::{
    CALM_DOWN, CONTINUATION, DATA, END_HEADERS, END_STREAM, FLOW_CONTROL_ERROR, HEADERS, PING, RST_STREAM, SETTINGS,
    WINDOW_UPDATE, field, frame, goaway, head, hello, next, request,
};
use super::innocent::Innocent;
use super::{counted, replica};
use crate::rig::LIMIT;

const CUT: &str = "continuity_http_connections_cut_total";
/// What the replica may grow by, in MiB: its caches fill too while it serves.
const GROWTH: u64 = 96;
const WINDOW: u32 = 65_535;
const LIST: &str = "/api/v1/loan-requests?limit=200";

/// Writes as long as the replica takes it; then why it closed.
async fn flood(access: &Access, hello_window: u32, piece: &[u8], times: usize) -> Result<Option<u32>, Failure> {
    let stream = hello(access, hello_window).await?;
    let (mut reader, mut writer) = tokio::io::split(stream);
    let writing = async {
        for _ in 0..times {
            if writer.write_all(piece).await.is_err() {
                break;
            }
        }
        // Nothing more is said, and nothing was asked: the replica closes at the latest when it waited long enough.
        drop(writer.flush().await);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        code = goaway(&mut reader, LIMIT) => code,
        () = writing => Err("unreachable".into()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_are_stopped() -> Result<(), Failure> {
    let (replica, _feed) = replica("[limits]\nfirst_request_seconds = 2\nidle_seconds = 2\nwrite_seconds = 2").await?;
    let (access, innocent) = (replica.access(), Innocent::start(&replica).await?);
    for _ in 0..3 {
        let resets: Vec<u8> = (0..500_u32)
            .flat_map(|number| {
                let stream = 2 * number + 1;
                [request(stream, LIST, ""), frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes())].concat()
            })
            .collect();
        assert_eq!(flood(access, WINDOW, &resets, 1).await?, Some(CALM_DOWN), "rapid reset");
        let begun = frame(HEADERS, END_STREAM, 1, &head(LIST, ""));
        let mut endless = begun.clone();
        let mut more = Vec::new();
        field("x-flood", &"y".repeat(8_000), false, &mut more);
        (0..200).for_each(|_| endless.extend(frame(CONTINUATION, 0, 1, &more)));
        assert!(flood(access, WINDOW, &endless, 1).await?.is_some(), "CONTINUATION without an end");
        let mut empty = begun;
        (0..10_000).for_each(|_| empty.extend(frame(CONTINUATION, 0, 1, &[])));
        assert!(flood(access, WINDOW, &empty, 1).await?.is_some(), "empty CONTINUATION frames");
        let update = frame(WINDOW_UPDATE, 0, 0, &0x7fff_ffff_u32.to_be_bytes());
        assert_eq!(flood(access, WINDOW, &update, 3).await?, Some(FLOW_CONTROL_ERROR), "a window beyond 2^31");
        for (name, piece) in [
            ("pings", frame(PING, 0, 0, &[7; 8])),
            ("settings", frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 255, 255])),
            ("empty data", frame(DATA, 0, 1, &[])),
        ] {
            // They are answered, or end the connection; the silence behind them does in any case.
            flood(access, WINDOW, &piece.repeat(1_000), 100).await.map_err(|error| format!("{name}: {error}"))?;
        }
    }
    innocent.end(GROWTH).await
}

/// A field that is sent once and referred to ten thousand times.
#[tokio::test(flavor = "multi_thread")]
async fn a_bomb_of_header_fields_does_not_go_off() -> Result<(), Failure> {
    let (replica, _feed) = replica("[limits]\nfirst_request_seconds = 2").await?;
    let innocent = Innocent::start(&replica).await?;
    let mut block = head(LIST, "");
    field("x-bomb", &"y".repeat(3_000), true, &mut block);
    block.extend([0xbe; 10_000]); // the newest of the dynamic table
    for _ in 0..20 {
        let mut stream = hello(replica.access(), WINDOW).await?;
        stream.write_all(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &block)).await?;
        let answered = async {
            while let Some(frame) = next(&mut stream).await {
                // 431 by the static table: a literal value of the indexed name `:status`.
                if frame.kind == HEADERS && frame.stream == 1 {
                    return true;
                }
            }
            true
        };
        assert!(tokio::time::timeout(LIMIT, answered).await?, "it is refused, or the connection ends");
    }
    innocent.end(GROWTH).await
}

/// More streams than are allowed are refused, and replies that have no window to leave by do not stay for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_closed_window_is_no_parking_place() -> Result<(), Failure> {
    let (replica, _feed) = replica("[limits]\nwrite_seconds = 2\nqueue_seconds = 1").await?;
    let greedy = replica.client("").await?;
    let innocent = Innocent::start(&replica).await?;
    let stalled = counted(&replica, CUT, "stalled").await?;
    let mut stream = hello(replica.access(), 0).await?;
    for number in 0..300_u32 {
        stream.write_all(&request(2 * number + 1, LIST, greedy.token())).await?;
    }
    let (mut reader, mut writer) = tokio::io::split(stream);
    let pinging = async {
        // It shows that it is alive all the time: that alone is no progress.
        while writer.write_all(&frame(PING, 0, 0, &[1; 8])).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        std::future::pending::<()>().await;
    };
    let mut refused = 0;
    let reading = async {
        while let Some(frame) = next(&mut reader).await {
            refused += usize::from(frame.kind == RST_STREAM);
        }
    };
    tokio::select! {
        ended = tokio::time::timeout(LIMIT, reading) => ended.map_err(|_| "it was not cut")?,
        () = pinging => {}
    }
    assert!(refused >= 300 - 128, "{refused} streams were refused");
    assert!(counted(&replica, CUT, "stalled").await? > stalled);
    innocent.end(GROWTH).await
}

/// A GOAWAY after the idle time, for connections that ask nothing any more but answer pings.
#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_ends() -> Result<(), Failure> {
    let (replica, _feed) = replica("[limits]\nidle_seconds = 1").await?;
    let mut stream = hello(replica.access(), WINDOW).await?;
    stream.write_all(&request(1, "/live", "")).await?;
    assert_eq!(goaway(&mut stream, LIMIT).await?, Some(0), "without an error");
    assert!(counted(&replica, CUT, "idle").await? >= 1.0);
    let mut rest = [0];
    assert_eq!(stream.read(&mut rest).await.unwrap_or(0), 0);
    Ok(())
}
