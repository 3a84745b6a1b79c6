import Uplink

/// Sinks that cannot be asked for a while, because there is no key to sign with.
extension Gateway {
    /// No request of the sink is begun until `resumeSink`; its records stay in the ring. One that
    /// was about to begin and has taken nothing yet is called off.
    public mutating func suspendSink(_ index: Int) {
        let sink = sinks[index]
        sink.isSuspended = true
        if sink.state == .busy && sink.queue.inFlightCount == 0 { sink.state = .idle }
    }

    /// There is a key, or another one than before. A sink that waits because the service refused
    /// the last one is tried at once.
    public mutating func resumeSink(_ index: Int) {
        let sink = sinks[index]
        sink.isSuspended = false
        if case .waiting = sink.state, sink.refusal?.concernsKey ?? false { sink.state = .idle }
    }
}
