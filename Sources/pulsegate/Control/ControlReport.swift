import Gateway
import Linux
import RecordRing
import SensorLink
import Uplink

/// What the console's questions are answered with. Every line has at most 79 characters, so that
/// a terminal of 80 columns never wraps one.
enum ControlReport {
    /// nil for a question that is none.
    static func answer(
        _ words: [String], _ pipeline: borrowing Pipeline, now: Int64
    ) -> String? {
        let operations = pipeline.operations
        switch words.first {
        case "version": return "pulsegate \(programVersion)\n"
        case "uptime": return uptime(operations, now)
        case "status": return status(pipeline, now)
        case "sensors": return sensors(pipeline, now)
        case "ble": return bluetooth(pipeline, now)
        case "hr": return heartRates(pipeline, now)
        case "ring": return ring(pipeline)
        case "net": return network(pipeline, now)
        case "aws":
            let lines = pipeline.keyLines()
            return lines.isEmpty ? "no sink needs a key\n" : lines.joined(separator: "\n") + "\n"
        case "config": return operations.configurationText
        case "mem": return memory(operations)
        case "restart-reason": return operations.restartReason + "\n"
        case "log": return log(Array(words.dropFirst()), pipeline.journal.log)
        default: return nil
        }
    }

    private static func uptime(_ operations: Operations, _ now: Int64) -> String {
        let gateway = RingText.duration(seconds: Double(now - operations.began) / 1e9)
        let machine = RingText.duration(seconds: Double(now) / 1e9)
        return "gateway \(gateway), machine \(machine)\n"
    }

    private static func status(_ pipeline: borrowing Pipeline, _ now: Int64) -> String {
        let counters = pipeline.gateway.counters
        var text = StatusLine.text(pipeline, now: now) + "\n"
        text += uptime(pipeline.operations, now)
        text +=
            "\(RingText.count(counters.notifications, "notification")), \(counters.recorded) "
            + "recorded, \(counters.malformed) malformed, \(counters.offSkin) off skin\n"
        text += memory(pipeline.operations)
        return text
    }

    private static func sensors(_ pipeline: borrowing Pipeline, _ now: Int64) -> String {
        var text = ""
        for (index, name) in pipeline.journal.sensors.enumerated() {
            let radio = pipeline.operations.radio?.status(sensor: index)
            if radio?.address == nil && pipeline.operations.value(of: index) == nil
                && pipeline.operations.radio != nil && name.hasPrefix("any ")
            {
                continue
            }
            text += "\(name): \(heard(pipeline.operations.value(of: index), now))"
            if let radio {
                text += ", \(RadioText.text(radio.state))"
                if let battery = radio.batteryPercent { text += ", battery \(battery) %" }
                if let rssi = radio.rssi { text += ", \(rssi) dBm" }
            }
            text += "\n"
        }
        return text.isEmpty ? "no sensor yet\n" : text
    }

    private static func heard(_ value: Operations.LastValue?, _ now: Int64) -> String {
        guard let value else { return "not heard yet" }
        let age = RingText.duration(seconds: Double(now - value.at) / 1e9)
        return "\(value.beatsPerMinute.map { "\($0) bpm" } ?? "no heart rate"), \(age) ago"
    }

    private static func bluetooth(_ pipeline: borrowing Pipeline, _ now: Int64) -> String {
        guard let radio = pipeline.operations.radio else { return "the input is no radio\n" }
        var text = ""
        for (index, name) in pipeline.journal.sensors.enumerated() {
            guard let status = radio.status(sensor: index), let address = status.address else {
                continue
            }
            text += "\(name): \(RadioText.text(address)), \(RadioText.text(status.state))"
            text += ", \(RingText.count(UInt64(max(0, status.failures)), "failure"))"
            if let rung = status.rung { text += ", now: \(RadioText.text(rung))" }
            text += "\n"
        }
        return text.isEmpty ? "no sensor is bound yet\n" : text
    }

    private static func heartRates(_ pipeline: borrowing Pipeline, _ now: Int64) -> String {
        var text = ""
        for (index, name) in pipeline.journal.sensors.enumerated() {
            guard let value = pipeline.operations.value(of: index), value.isFresh(now: now) else {
                continue
            }
            text += "\(name) \(value.beatsPerMinute.map { "\($0) bpm" } ?? "no heart rate")\n"
        }
        return text.isEmpty ? "no sensor has been heard for 10 s\n" : text
    }

    private static func ring(_ pipeline: borrowing Pipeline) -> String {
        let cursor = pipeline.gateway.cursor
        let wear = pipeline.journal.wear.since(pipeline.journal.wearAtStart)
        var text =
            "\(cursor.head - cursor.oldest) of \(cursor.slotCount) slots, sequences "
            + "\(cursor.oldest) to \(cursor.head)\n"
        text += "\(RingText.count(cursor.unsyncedCount, "record")) in memory alone\n"
        text +=
            "\(RingText.bytes(Double(wear.bytesWritten))) written in "
            + "\(RingText.count(wear.syncs, "fdatasync")) of this run\n"
        text += pipeline.ringTrouble.map { "the card fails: \($0)\n" } ?? "the card is well\n"
        return text
    }

    private static func network(_ pipeline: borrowing Pipeline, _ now: Int64) -> String {
        var text = ""
        for (index, sink) in pipeline.gateway.sinks.enumerated() {
            let waiting = sink.owedCount(of: pipeline.gateway.cursor)
            text += "\(pipeline.journal.sinks[index]): \(sink.queue.acknowledged) delivered, "
            text += "\(waiting) waiting, \(sink.queue.lost) lost; \(state(sink, now))\n"
            if let refusal = sink.refusal { text += "  \(Messages.text(refusal))\n" }
        }
        return text
    }

    private static func state(_ sink: Sink, _ now: Int64) -> String {
        if sink.isSuspended { return "rests" }
        switch sink.state {
        case .idle: return "idle"
        case .busy: return "sending"
        case .waiting(let until): return "tries again in \(Messages.seconds(max(0, until - now)))"
        }
    }

    private static func memory(_ operations: Operations) -> String {
        let used = ProcessMemory.read()
        let budget =
            operations.memoryBudget == Int.max
            ? "no budget" : "budget \(operations.memoryBudget >> 10) KiB"
        return
            "memory: \(used.residentBytes >> 10) KiB resident, \(used.ownBytes >> 10) KiB its own"
            + ", \(budget), \(used.threads) threads\n"
    }

    /// `log`, `log N`, and `log after SEQUENCE`, whose first line is the newest sequence.
    private static func log(_ words: [String], _ log: Log) -> String {
        if words.first == "after", words.count == 2, let sequence = UInt64(words[1]) {
            let lines = log.lines(after: sequence, limit: 20)
            return "\(log.sequence)\n" + lines.map { text($0) + "\n" }.joined()
        }
        let count = words.first.flatMap { Int($0) } ?? 20
        return log.lines(after: 0, limit: max(1, min(count, 200))).map { text($0) + "\n" }.joined()
    }

    private static func text(_ line: Log.Line) -> String {
        let time = RingText.time(line.at).dropFirst(11).prefix(8)
        return "\(time) \(line.level.name): \(line.text)"
    }
}
