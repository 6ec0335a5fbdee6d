//! When the process is told to end.

/// Ready at SIGINT or SIGTERM. Takes the signals over at once, not when it is first awaited: one that comes during the
/// start must not kill the process half way.
///
/// # Errors
/// When the system does not let signals be taken over.
#[cfg(unix)]
pub fn asked() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Ready at Ctrl-C.
///
/// # Errors
/// Never.
#[cfg(not(unix))]
pub fn asked() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
