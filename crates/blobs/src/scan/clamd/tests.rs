//! A clamd that does what it is told.

use std::future::Future;

use tempfile::NamedTempFile;
use tokio::net::TcpListener;

use super::*;

const LONG: Duration = Duration::from_secs(30);

/// Where a clamd listens, and what it does with its one connection.
async fn clamd<T, F: Future<Output = T>>(serve: impl FnOnce(TcpStream) -> F) -> (String, impl Future<Output = T>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let served = async move {
        let stream = listener.accept().await.unwrap().0;
        serve(stream).await
    };
    (address, served)
}

/// The bytes of the chunks, up to the end or to so many.
async fn chunks(stream: &mut TcpStream, most: usize) -> Vec<u8> {
    let mut command = [0; 10];
    stream.read_exact(&mut command).await.unwrap();
    assert_eq!(&command, b"zINSTREAM\0");
    let mut bytes = Vec::new();
    while bytes.len() < most {
        let length = stream.read_u32().await.unwrap() as usize;
        if length == 0 {
            break;
        }
        let begin = bytes.len();
        bytes.resize(begin + length, 0);
        stream.read_exact(&mut bytes[begin..]).await.unwrap();
    }
    bytes
}

fn file(bytes: &[u8]) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    file
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

/// What comes of a file that a clamd reads to its end before it gives this reply.
async fn verdict(bytes: &[u8], reply: &'static [u8]) -> Result<Verdict, String> {
    let (address, served) = clamd(move |mut stream| async move {
        let received = chunks(&mut stream, usize::MAX).await;
        stream.write_all(reply).await.unwrap();
        received
    })
    .await;
    let (scanner, file) = (ClamdScanner::new(address, LONG), file(bytes));
    let (verdict, received) = tokio::join!(scanner.scan(file.path()), served);
    assert!(received == bytes, "clamd did not get the bytes of the file");
    verdict
}

#[tokio::test]
async fn it_is_sent_exactly_the_file() {
    for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3_000_000] {
        assert_eq!(verdict(&bytes(length), b"stream: OK\0").await, Ok(Verdict::Clean), "{length}");
    }
    let found = verdict(b"x", b"stream: Eicar-Test FOUND\0").await;
    assert_eq!(found, Ok(Verdict::Infected("Eicar-Test".to_owned())));
}

#[tokio::test]
async fn all_else_is_a_failure() {
    let replies: [&[u8]; 7] =
        [b"", b"stream: OK", b"\0", b"OK\0", b"stream: ok\0", b"stream: x ERROR\0", b"UNKNOWN COMMAND\0"];
    for reply in replies {
        let error = verdict(b"x", reply).await.unwrap_err();
        assert!(error.contains("clamd at 127.0.0.1:") && error.contains("see its log"), "{error}");
    }
    let long: &[u8] = Box::leak(vec![b'a'; 5_000].into_boxed_slice());
    assert!(verdict(b"x", long).await.unwrap_err().contains("no end"));
}

#[tokio::test]
async fn it_may_have_enough_before_the_end() {
    let (address, served) = clamd(|mut stream| async move {
        chunks(&mut stream, 100_000).await;
        stream.write_all(b"INSTREAM size limit exceeded. ERROR\0").await.unwrap();
    })
    .await;
    let (scanner, file) = (ClamdScanner::new(address, LONG), file(&bytes(20_000_000)));
    let (verdict, ()) = tokio::join!(scanner.scan(file.path()), served);
    let error = verdict.unwrap_err();
    assert!(error.contains("size limit exceeded") && error.contains("StreamMaxLength"), "{error}");
}

#[tokio::test]
async fn clean_before_the_end_is_not_believed() {
    let (address, served) = clamd(|mut stream| async move {
        stream.write_all(b"stream: OK\0").await.unwrap();
        // It does not read: not all can have been sent.
        stream
    })
    .await;
    let (scanner, file) = (ClamdScanner::new(address, LONG), file(&bytes(20_000_000)));
    let (verdict, _stream) = tokio::join!(scanner.scan(file.path()), served);
    let error = verdict.unwrap_err();
    assert!(error.contains("not sent all"), "{error}");
}

#[tokio::test]
async fn silence_ends_at_the_limit() {
    let (address, served) = clamd(|mut stream| async move {
        chunks(&mut stream, usize::MAX).await;
        stream
    })
    .await;
    let (scanner, file) = (ClamdScanner::new(address, Duration::from_millis(300)), file(b"x"));
    let (verdict, _stream) = tokio::join!(scanner.scan(file.path()), served);
    let error = verdict.unwrap_err();
    assert!(error.contains("0.3 seconds"), "{error}");
}

#[tokio::test]
async fn nobody_there_and_no_file() {
    let (address, served) = clamd(|_| async {}).await;
    let (scanner, large) = (ClamdScanner::new(address, LONG), file(&bytes(20_000_000)));
    let (verdict, ()) = tokio::join!(scanner.scan(large.path()), served);
    let error = verdict.unwrap_err();
    assert!(error.contains("broke off"), "{error}");
    // A port that nothing listens on, and that nothing is given by chance.
    let nobody = ClamdScanner::new("127.0.0.1:1".to_owned(), LONG);
    let error = nobody.scan(file(b"x").path()).await.unwrap_err();
    assert!(error.contains("start it"), "{error}");
    let error = scanner.scan(Path::new("/nowhere/none")).await.unwrap_err();
    assert!(error.contains("/nowhere/none cannot be read"), "{error}");
}
