import Alarm
import Gateway
import RecordRing
import Uplink

/// What has to hold, whatever happened.
extension World {
    /// What holds whenever there is nothing to do.
    func checkRest() {
        if expectedAlarm != nil { journal.violated("an alarm is missing") }
        if let deadline = gateway.deadline(), deadline <= now {
            journal.violated("the deadline \(deadline - now) ns ago has nothing to do")
        }
        for (index, sink) in gateway.sinks.enumerated() {
            let owed = gateway.cursor.head - base[index]
            if sink.sum(head: gateway.cursor.head) != owed {
                journal.violated("\(owed) owed are not acknowledged, lost and waiting")
            }
        }
        checkSync()
        checkTails()
    }

    /// Tails that moved for many records are in the file when the card is free and the last write
    /// a while ago.
    private func checkTails() {
        guard card.job == nil, !hasCardFailed else { return }
        guard now >= writeBegan + Limits.tailWriteNanoseconds else { return }
        for (index, sink) in gateway.sinks.enumerated() {
            // Tails that move by losses alone wait for the next record.
            guard sink.queue.acknowledged > 0, sink.queue.lost == 0 else { continue }
            // Those that move by records for others too; one held back by error records waits.
            guard sink.queue.passed == 0, sink.queue.rejected == 0 else { continue }
            let written = card.writtenHead?.tail(of: sink.settings.name) ?? 0
            let few = gateway.isDraining ? 0 : UInt64(Limits.tailWriteRecords)
            if sink.queue.tail > written + few {
                journal.violated(
                    "the tail \(sink.queue.tail) of sink \(index) is not written, \(written) is")
            }
        }
    }

    /// A failed write is repeated after a while: until then nothing is overdue.
    private var hasCardFailed: Bool {
        let wait = Limits.diskRetryNanoseconds << Int64(min(5, max(0, failedWrites - 1)))
        return cardFailedAt.map { now - $0 <= min(wait, Limits.diskRetryMaxNanoseconds) } ?? false
    }

    /// A card that works has every record within the sync interval that no sink has, and the
    /// others within the lazy interval.
    func checkSync() {
        guard card.job == nil, !hasCardFailed, gateway.cursor.unsyncedCount > 0 else { return }
        for sequence in gateway.cursor.synced..<gateway.cursor.head {
            guard let arrival = journal.arrival(of: sequence) else {
                return journal.violated("an unknown record waits for its sync")
            }
            let isSafe = journal.isAcknowledged(sequence)
            let patience = isSafe ? gateway.settings.lazyNanoseconds : weather.sync
            if arrival + patience <= now { journal.violated("a sync is overdue") }
        }
    }

    /// At the end: the head record on the card says that nothing is owed, but for a loss that
    /// nobody was told of yet.
    func checkCard() {
        guard journal.violation == nil, gateway.cursor.head > 0 else { return }
        for sink in gateway.sinks where sink.unsaidLosses == 0 {
            let tail = card.syncedHead?.tail(of: sink.settings.name)
            if tail != gateway.cursor.head {
                journal.violated("drained, and the card has the tail \(tail ?? 0)")
            }
        }
    }

    /// Reports say what the counters say.
    func endOfProcess() {
        guard gateway.counters.reportsDropped == 0 else { return }
        for (index, sink) in gateway.sinks.enumerated() where sink.queue.lost > 0 {
            statistics.lost += sink.queue.lost
            if sink.queue.lost != reportedLost[index] {
                journal.violated("\(sink.queue.lost) lost, \(reportedLost[index]) reported")
            }
            let said = saidLost[index] + sink.unsaidLosses - sink.lossesSaidAgain
            if sink.queue.lost != said {
                journal.violated("\(sink.queue.lost) lost, \(said) said or to be said")
            }
        }
    }
}
