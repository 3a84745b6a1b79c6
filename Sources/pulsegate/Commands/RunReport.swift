import Bytes
import Diagnostics
import Gateway
import RecordRing
import Uplink

/// How a gateway does, in a few lines of its log: every `[gateway] status_interval`, and at its
/// end. Records that stay in the ring are no failure: the next start sends them.
enum RunReport {
    static func write(_ session: borrowing Session, _ log: Log) {
        let level: LogLevel = session.hasEnded ? .notice : .information
        let counters = session.pipeline.gateway.counters
        let vitals =
            counters.vitalsRecorded == 0
            ? "" : ", \(counters.vitalsRecorded) of them no heart rates"
        let empty =
            counters.withoutValue == 0 ? "" : "\(counters.withoutValue) without a value, "
        log.write(
            level,
            "\(session.hasEnded ? "stopped" : "running"): "
                + "\(RingText.count(counters.notifications, "notification")), "
                + "\(counters.recorded) recorded\(vitals), "
                + "\(counters.malformed) malformed, \(counters.offSkin) off skin, \(empty)"
                + RingText.count(counters.alarmsRaised, "alarm"))
        for sink in session.pipeline.gateway.sinks where !sink.isIdleErrorSink {
            let waiting = sink.owedCount(of: session.pipeline.gateway.cursor)
            log.write(
                level,
                "sink \(String(decoding: sink.settings.name.bytes)): "
                    + "\(sink.queue.acknowledged) delivered, \(sink.queue.lost) lost"
                    + (sink.queue.rejected == 0 ? "" : ", \(sink.queue.rejected) refused for good")
                    + rest(waiting, hasEnded: session.hasEnded))
        }
        let journal = session.pipeline.journal
        log.write(
            level,
            "alarm: decided within \(text(journal.alarmLatency)); turns of the loop "
                + text(journal.turnLatency))
        log.write(level, "ring: \(card(journal, counters))")
        writeTrouble(session, log)
    }

    /// What the card does wrong now, and at the end what ends with the process because of it.
    private static func writeTrouble(_ session: borrowing Session, _ log: Log) {
        guard let trouble = session.pipeline.ringTrouble else { return }
        let unsynced = session.pipeline.gateway.cursor.unsyncedCount
        let count = RingText.count(unsynced, "record")
        if !session.hasEnded {
            log.write(.warning, "ring: fails (\(trouble)): \(count) in memory alone")
        } else if unsynced > 0 {
            log.write(
                .error,
                "ring: still fails (\(trouble)): \(count) in memory alone; those that a sink has "
                    + "not acknowledged are gone")
        }
    }

    private static func text(_ latency: LatencyHistogram) -> String {
        guard let half = latency.percentile(50), let most = latency.percentile(99) else {
            return "none"
        }
        return "p50 \(half / 1_000) us, p99 \(most / 1_000) us, longest "
            + "\(latency.maximum / 1_000) us"
    }

    private static func rest(_ waiting: UInt64, hasEnded: Bool) -> String {
        guard waiting > 0 else { return "" }
        guard hasEnded else { return ", \(waiting) waiting" }
        return ", \(waiting) \(waiting == 1 ? "stays" : "stay") in the ring"
    }

    /// What this run has asked of the card, how it answered, and how long it lasts so.
    private static func card(_ journal: Journal, _ counters: Counters) -> String {
        let wear = journal.wear.since(journal.wearAtStart)
        let text =
            "\(RingText.bytes(Double(wear.bytesWritten))) written in "
            + "\(RingText.count(counters.ringWrites, "write")), "
            + RingText.count(wear.syncs, "fdatasync")
        guard let half = journal.syncLatency.percentile(50),
            let most = journal.syncLatency.percentile(99)
        else { return text }
        let life = CardLife(
            wear: wear, seconds: journal.secondsRun,
            terabytesWritten: CardLife.terabytesWritten)
        return text
            + ": p50 \(milliseconds(half)), p99 \(milliseconds(most)), longest "
            + "\(milliseconds(journal.syncLatency.maximum)); card life "
            + (life.map {
                "\(RingText.oneDecimal($0.years)) years at this run's rate, a projection for "
                    + RingText.bytes(CardLife.terabytesWritten * 1e12)
            } ?? "not known in the first hour")
    }

    private static func milliseconds(_ nanoseconds: UInt64) -> String {
        "\(RingText.oneDecimal(Double(nanoseconds) / 1e6)) ms"
    }
}

extension Sink {
    /// A sink of errors that nothing has come for: most of them, most of the time.
    var isIdleErrorSink: Bool {
        settings.takes == .errors && queue.acknowledged == 0 && queue.lost == 0
            && queue.rejected == 0 && queue.refusedCount == 0 && queue.inFlightCount == 0
    }
}
