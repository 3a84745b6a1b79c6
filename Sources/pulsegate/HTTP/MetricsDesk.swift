import Bytes
import Diagnostics
import Gateway
import Linux
import LocalHTTP
import RecordRing
import SensorLink
import Time
import Vitals

/// `GET /metrics`: what whoever looks after gateways wants to see of one. Names of sensors are in
/// it; heart rates are only where `[http] metrics_heart_rate` says so.
final class MetricsDesk {
    private var text: MetricsText
    private let saysHeartRate: Bool

    /// Bytes of the longest text: 64 families and their fixed samples, and what sensors and sinks
    /// add, whose names may take twice their length.
    static func byteLimit(sensors: Int, sinks: Int) -> Int {
        32 << 10 + sensors * 5 * 160 + sinks * 20 * 160
    }

    init(sensors: Int, sinks: Int, saysHeartRate: Bool) {
        text = MetricsText(capacity: Self.byteLimit(sensors: sensors, sinks: sinks))
        self.saysHeartRate = saysHeartRate
    }

    static func answer(_ exchange: HTTPExchange, _ pipeline: inout Pipeline) {
        guard let desk = pipeline.http?.metrics else { return }
        guard desk.write(pipeline, now: Clock.monotonicNanoseconds()) else {
            return exchange.answer(HTTPProblem(.serverError, "the metrics have no room"))
        }
        exchange.answer(contentType: MetricsText.contentType) { buffer in
            desk.text.withBytes { buffer.append($0) }
        }
    }

    /// Answers whether there was room.
    private func write(_ pipeline: borrowing Pipeline, now: Int64) -> Bool {
        text.begin()
        writeProcess(pipeline)
        writeSensors(pipeline, now)
        pipeline.gateway.write(metrics: &text, now: now)
        writeRing(pipeline.journal)
        writeCredentials(pipeline)
        writeClock(pipeline, now)
        return text.finish()
    }

    private func writeProcess(_ pipeline: borrowing Pipeline) {
        let operations = pipeline.operations
        text.family("pulsegate_build", .info, "The program.")
        text.label("version", programVersion.utf8.span)
        text.value(true)
        text.family(
            "process_start_time_seconds", .gauge, unit: "seconds",
            "When the process began, since 1970.")
        text.value(
            pipeline.time.clock.wallMicroseconds(at: operations.began), decimals: 6)
        text.family(
            "process_resident_memory_bytes", .gauge, unit: "bytes", "Memory of the process.")
        text.value(UInt64(ProcessMemory.residentBytes()))
        text.family(
            "pulsegate_memory_budget_bytes", .gauge, unit: "bytes",
            "What the process may take before it ends itself to be started again.")
        if operations.memoryBudget < Int.max { text.value(UInt64(operations.memoryBudget)) }
        text.family("pulsegate_safe_mode", .gauge, "1 while nothing is sent by order.")
        text.value(operations.isSafe)
        text.family(
            "pulsegate_loop_turn_duration_seconds", .histogram, unit: "seconds",
            "Work of one turn of the poll loop: whatever comes waits for so long at most.")
        text.histogram(pipeline.journal.turnLatency)
        text.family(
            "pulsegate_alarm_decision_duration_seconds", .histogram, unit: "seconds",
            "From a notification in hand until its alarm was decided and carried out.")
        text.histogram(pipeline.journal.alarmLatency)
    }

    // MARK: Sensors

    private func writeSensors(_ pipeline: borrowing Pipeline, _ now: Int64) {
        let radio = pipeline.operations.radio
        text.family(
            "pulsegate_sensor_connected", .gauge,
            "1 while the sensor is connected; without a radio, while it sends.")
        each(pipeline) { name, index, pipeline in
            label(name)
            text.value(
                isConnected(radio?.status(sensor: index), pipeline.operations.value(of: index), now)
            )
        }
        text.family(
            "pulsegate_sensor_notification_age_seconds", .gauge, unit: "seconds",
            "Since the sensor's last notification.")
        each(pipeline) { name, index, pipeline in
            guard let value = pipeline.operations.value(of: index) else { return }
            label(name)
            text.value(nanoseconds: max(0, now - value.at))
        }
        text.family(
            "pulsegate_sensor_rssi_dbm", .gauge, unit: "dbm",
            "Strength of the sensor's last advertisement.")
        each(pipeline) { name, index, _ in
            guard let strength = radio?.status(sensor: index)?.rssi else { return }
            label(name)
            text.value(Int64(strength), decimals: 0)
        }
        text.family(
            "pulsegate_sensor_battery_ratio", .gauge, unit: "ratio", "Charge of its battery.")
        each(pipeline) { name, index, _ in
            guard let percent = radio?.status(sensor: index)?.batteryPercent else { return }
            label(name)
            text.value(Int64(percent), decimals: 2)
        }
        if saysHeartRate { writeHeartRates(pipeline, now) }
    }

    private func writeHeartRates(_ pipeline: borrowing Pipeline, _ now: Int64) {
        text.family(
            "pulsegate_sensor_heart_rate_beats_per_minute", .gauge, unit: "beats_per_minute",
            "The heart rate of now; absent where the sensor cannot say one.")
        each(pipeline) { name, index, pipeline in
            guard let value = pipeline.operations.value(of: index),
                let beats = value.beatsPerMinute, value.isFresh(now: now),
                pipeline.operations.radio?.status(sensor: index)?.isFrozen != true
            else { return }
            label(name)
            text.value(UInt64(beats))
        }
    }

    private func label(_ name: String) { text.label("sensor", name.utf8.span) }

    /// Calls `body` for every sensor that is one: a place that no device has taken is none.
    private func each(
        _ pipeline: borrowing Pipeline, _ body: (String, Int, borrowing Pipeline) -> Void
    ) {
        let names = pipeline.journal.sensors
        for index in names.indices {
            if let radio = pipeline.operations.radio, names[index].hasPrefix("any "),
                radio.status(sensor: index)?.address == nil
            {
                continue
            }
            body(names[index], index, pipeline)
        }
    }

    private func isConnected(
        _ link: SensorStatus?, _ value: Operations.LastValue?, _ now: Int64
    ) -> Bool {
        guard let link else { return value?.isFresh(now: now) ?? false }
        return link.state == .streaming || link.state == .silent
    }

    // MARK: The rest

    private func writeRing(_ journal: Journal) {
        text.family(
            "pulsegate_ring_written_bytes", .counter, unit: "bytes",
            "Bytes handed to the kernel for the ring file in the ring's life.")
        text.value(journal.wear.bytesWritten)
        text.family(
            "pulsegate_ring_sync_duration_seconds", .histogram, unit: "seconds",
            "How long the card took for each fdatasync of the ring.")
        text.histogram(journal.syncLatency)
    }

    private func writeCredentials(_ pipeline: borrowing Pipeline) {
        text.family(
            "pulsegate_credentials_usable", .gauge, "1 while there is a key to sign with.")
        pipeline.eachKey { sink, isUsable, _ in
            text.label("sink", sink.utf8.span)
            text.value(isUsable)
        }
        text.family(
            "pulsegate_credentials_expiry_timestamp_seconds", .gauge, unit: "seconds",
            "When the key ends, since 1970; absent where it does not end.")
        pipeline.eachKey { sink, _, expiry in
            guard let expiry else { return }
            text.label("sink", sink.utf8.span)
            text.value(expiry, decimals: 6)
        }
    }

    private func writeClock(_ pipeline: borrowing Pipeline, _ now: Int64) {
        let time = pipeline.time
        text.family(
            "pulsegate_clock_synced", .gauge, "1 while somebody who knows has said the time.")
        text.value(time.state(at: now) == .synced)
        text.family(
            "pulsegate_clock_offset_seconds", .gauge, unit: "seconds",
            "By how much the time that records are stamped with is ahead of the kernel's.")
        let kernel = Clock.now()
        let known = time.clock.wallMicroseconds(at: kernel.monotonicNanoseconds)
        text.value(known - kernel.wallMicroseconds, decimals: 6)
    }
}
