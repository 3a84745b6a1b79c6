import Alarm
public import Diagnostics
import RecordRing
import Uplink

/// What the gateway knows of itself as metrics. Nothing here is about a person: no heart rate, and
/// no alarm by its sensor.
extension Gateway {
    /// Writes the gateway's families.
    public borrowing func write(metrics text: inout MetricsText, now: Int64) {
        writeMeasurements(&text)
        writeRing(&text)
        writeAlarms(&text)
        writeRequests(&text)
        writeRecords(&text, now)
        writeStates(&text)
    }

    private borrowing func writeMeasurements(_ text: inout MetricsText) {
        text.family(
            "pulsegate_notifications", .counter,
            "Notifications of sensors, whatever was in them.")
        text.value(counters.notifications)
        text.family(
            "pulsegate_measurements_recorded", .counter,
            "Measurements that were judged and recorded.")
        text.label("kind", "heart_rate")
        text.value(counters.recorded - counters.vitalsRecorded)
        text.label("kind", "vital")
        text.value(counters.vitalsRecorded)
        text.family(
            "pulsegate_measurements_rejected", .counter,
            "Notifications that became no measurement in the ring.")
        text.label("reason", "malformed")
        text.value(counters.malformed)
        text.label("reason", "implausible")
        text.value(counters.implausible)
        text.label("reason", "off_skin")
        text.value(counters.offSkin)
        text.label("reason", "without_value")
        text.value(counters.withoutValue)
        text.label("reason", "ring_full")
        text.value(counters.refusedByFullRing)
    }

    private borrowing func writeRing(_ text: inout MetricsText) {
        text.family("pulsegate_ring_slots", .gauge, "Records that the ring has room for.")
        text.value(cursor.slotCount)
        text.family("pulsegate_ring_records", .gauge, "Records in the ring.")
        text.value(cursor.head - cursor.oldest)
        text.family(
            "pulsegate_ring_unsynced_records", .gauge,
            "Records that a power cut would take: not synced to the card yet.")
        text.value(cursor.unsyncedCount)
        text.family(
            "pulsegate_ring_given_up_records", .counter,
            "Records that left memory before the card had taken them.")
        text.value(counters.unsyncedGivenUp)
        text.family("pulsegate_ring_writes", .counter, "Writes of the ring file.")
        text.value(counters.ringWrites)
        text.family(
            "pulsegate_ring_failures", .counter, "Writes and reads of the ring file that failed.")
        text.value(counters.ringFailures)
        text.family("pulsegate_ring_failing", .gauge, "1 while the card does not do its work.")
        text.value(ringTrouble != nil)
        text.family(
            "pulsegate_record_durable_duration_seconds", .histogram, unit: "seconds",
            "From a record's arrival until every sink has it or it is synced.")
        text.histogram(durableLatency)
    }

    private borrowing func writeAlarms(_ text: inout MetricsText) {
        text.family("pulsegate_alarms_raised", .counter, "Alarms that were raised.")
        for condition in AlarmCondition.allCases {
            text.label("condition", condition.word)
            text.value(raisedCounts[Int(condition.rawValue)])
        }
        text.family("pulsegate_alarms_active", .gauge, "Alarms that are raised now.")
        for condition in AlarmCondition.allCases {
            var count: UInt64 = 0
            for entry in panel.entries where entry.condition == condition && entry.isRaised {
                count += 1
            }
            text.label("condition", condition.word)
            text.value(count)
        }
    }

    private func each(_ text: inout MetricsText, _ value: (Sink) -> UInt64) {
        for sink in sinks {
            text.label("sink", sink.settings.name.bytes)
            text.value(value(sink))
        }
    }

    private borrowing func writeRequests(_ text: inout MetricsText) {
        text.family("pulsegate_sink_requests", .counter, "Requests begun, or writes of a file.")
        each(&text) { $0.requests }
        text.family(
            "pulsegate_sink_retried_requests", .counter,
            "Requests that followed one that failed or was taken in part.")
        each(&text) { $0.retries }
        text.family(
            "pulsegate_sink_failed_requests", .counter, "Requests that failed as a whole.")
        each(&text) { $0.failedRequests }
        text.family(
            "pulsegate_sink_request_bytes", .counter, unit: "bytes",
            "Bytes of the requests' bodies.")
        each(&text) { $0.requestBytes }
    }

    private borrowing func writeRecords(_ text: inout MetricsText, _ now: Int64) {
        text.family("pulsegate_sink_delivered_records", .counter, "Records that the sink has.")
        each(&text) { $0.queue.acknowledged }
        text.family(
            "pulsegate_sink_refused_records", .counter,
            "Records that were refused within an answered request and are sent again.")
        each(&text) { $0.refusedRecords }
        text.family(
            "pulsegate_sink_rejected_records", .counter, "Records that the sink will never take.")
        each(&text) { $0.queue.rejected }
        text.family(
            "pulsegate_sink_lost_records", .counter, "Records that the sink never got.")
        for sink in sinks {
            text.label("sink", sink.settings.name.bytes)
            text.label("reason", "overwritten")
            text.value(sink.lostOverwritten)
            text.label("sink", sink.settings.name.bytes)
            text.label("reason", "unreadable")
            text.value(sink.lostUnreadable)
            text.label("sink", sink.settings.name.bytes)
            text.label("reason", "unknown")
            text.value(sink.lostUnknown)
        }
        text.family("pulsegate_sink_waiting_records", .gauge, "Records that the sink is owed.")
        each(&text) { $0.owedCount(of: cursor) }
        text.family(
            "pulsegate_sink_oldest_unsent_age_seconds", .gauge, unit: "seconds",
            "How long the oldest record that the sink is owed has waited; 0 without one.")
        for index in sinks.indices {
            let sink = sinks[index]
            let isOwed = sink.owedCount(of: cursor) > 0
            text.label("sink", sink.settings.name.bytes)
            text.value(
                nanoseconds: isOwed ? max(0, oldestWaitingAge(sink: index, now: now) ?? 0) : 0)
        }
    }

    private borrowing func writeStates(_ text: inout MetricsText) {
        text.family(
            "pulsegate_sink_state", .stateset,
            "What the sink does: a request runs, it waits to try again, or it rests.")
        for sink in sinks {
            let isRunning = !sink.isSuspended && sink.state == .busy
            var isWaiting = false
            if case .waiting = sink.state { isWaiting = !sink.isSuspended }
            write(&text, sink, "idle", !sink.isSuspended && sink.state == .idle)
            write(&text, sink, "sending", isRunning)
            write(&text, sink, "waiting", isWaiting)
            write(&text, sink, "rests", sink.isSuspended)
        }
    }

    private func write(
        _ text: inout MetricsText, _ sink: Sink, _ state: StaticString, _ isOn: Bool
    ) {
        text.label("sink", sink.settings.name.bytes)
        text.label("pulsegate_sink_state", state)
        text.value(isOn)
    }
}
