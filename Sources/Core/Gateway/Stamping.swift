public import RecordRing
import Time
import Uplink

/// A record is kept with the monotonic clock and the boot of its arrival. Where nothing had set
/// the wall clock then, its time is worked out when it is sent, from when that boot began.
extension Gateway {
    /// It is known when a boot began, this one or an earlier one.
    public mutating func know(_ time: BootTime) { clockNotes.note(time) }

    /// The record as it is sent.
    func stamped(_ record: Record) -> Record { clockNotes.stamped(record) }

    /// The request that runs is made anew and sent again at once: its time was wrong.
    public mutating func sinkResends(sink index: Int, now: Int64) {
        let sink = sinks[index]
        precondition(sink.state == .busy, "a request is made anew that runs")
        if sink.queue.inFlightCount > 0 { _ = sink.queue.settle { _ in false } }
        sink.state = .idle
        giveUpOverwritten(index)
    }
}
