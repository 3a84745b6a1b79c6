import Alarm
import Diagnostics
import Gateway
import RecordRing
import Testing
import Uplink
import TestSupport

/// What the gateway says of itself in numbers.
struct MetricsTests {
    /// The samples of the gateway's metrics.
    private func samples(_ bench: borrowing Bench) -> [String: String] {
        var text = MetricsText(capacity: 64 << 10)
        text.begin()
        bench.gateway.write(metrics: &text, now: bench.now)
        let isComplete = text.finish()
        #expect(isComplete)
        let lines = text.withBytes { String(decoding: [UInt8](copying: $0), as: UTF8.self) }
            .split(separator: "\n").filter { !$0.hasPrefix("#") }
        var samples: [String: String] = [:]
        for line in lines {
            guard let blank = line.lastIndex(of: " ") else { continue }
            let name = String(line[..<blank])
            #expect(samples[name] == nil, "\(name) once")
            samples[name] = String(line[line.index(after: blank)...])
        }
        return samples
    }

    @Test func everyRefusalIsCountedWithItsReason() {
        var bench = Bench(settings(sinks: [kinesis(batch: 4)]))
        bench.receive(count: 3)
        for bytes in [[0], [0, 255, 1], [0b110, 0], [0b1, 0xFF, 0xFF]] as [[UInt8]] {
            bench.receive(bytes)
        }
        let samples = samples(bench)
        let counters = bench.gateway.counters
        #expect(samples["pulsegate_notifications_total"] == "7")
        #expect(
            samples["pulsegate_measurements_recorded_total{kind=\"heart_rate\"}"]
                == "\(counters.recorded)")
        for (reason, count) in [
            ("malformed", counters.malformed), ("implausible", counters.implausible),
            ("off_skin", counters.offSkin), ("without_value", 0), ("ring_full", 0),
        ] {
            #expect(
                samples["pulsegate_measurements_rejected_total{reason=\"\(reason)\"}"]
                    == "\(count)")
        }
        #expect(counters.malformed + counters.implausible > 0)
        #expect(
            counters.recorded + counters.malformed + counters.implausible
                + counters.offSkin == 7)
    }

    @Test func requestsAreCountedWithTheirBytesAndRepeats() {
        var bench = Bench(settings(sinks: [kinesis(batch: 4)]))
        bench.receive(count: 4)
        #expect(bench.next() == .send(sink: 0))
        _ = bench.request()
        var samples = self.samples(bench)
        #expect(samples["pulsegate_sink_requests_total{sink=\"kinesis\"}"] == "1")
        #expect(samples["pulsegate_sink_retried_requests_total{sink=\"kinesis\"}"] == "0")
        #expect(samples["pulsegate_sink_waiting_records{sink=\"kinesis\"}"] == "4")
        #expect(state(samples) == "sending")
        let bytes = bench.gateway.sinks[0].requestBytes
        #expect(bytes > 400)
        #expect(samples["pulsegate_sink_request_bytes_total{sink=\"kinesis\"}"] == "\(bytes)")
        bench.answer(accepted: [true, false, true, false])
        #expect(state(self.samples(bench)) == "waiting")
        _ = bench.actions(after: second)
        _ = bench.request()
        bench.answer(accepted: [true, true])
        samples = self.samples(bench)
        #expect(samples["pulsegate_sink_retried_requests_total{sink=\"kinesis\"}"] == "1")
        #expect(samples["pulsegate_sink_refused_records_total{sink=\"kinesis\"}"] == "2")
        #expect(samples["pulsegate_sink_delivered_records_total{sink=\"kinesis\"}"] == "4")
        #expect(
            samples["pulsegate_sink_oldest_unsent_age_seconds{sink=\"kinesis\"}"] == "0.000000000")
        #expect(state(samples) == "idle")
        bench.gateway.suspendSink(0)
        #expect(state(self.samples(bench)) == "rests")
    }

    private func state(_ samples: [String: String]) -> String {
        ["idle", "sending", "waiting", "rests"].filter {
            samples["pulsegate_sink_state{sink=\"kinesis\",pulsegate_sink_state=\"\($0)\"}"] == "1"
        }.joined(separator: " and ")
    }

    @Test func oldestRecordThatWaitsHasItsAge() {
        var bench = Bench(settings(sinks: [kinesis(batch: 4)]))
        bench.receive()
        bench.now += 90 * second
        #expect(
            samples(bench)["pulsegate_sink_oldest_unsent_age_seconds{sink=\"kinesis\"}"]
                == "90.000000000")
    }

    @Test func lossesHaveTheirReason() {
        var bench = Bench(settings(sinks: [kinesis(batch: 4)]), slots: 8)
        bench.gateway.suspendSink(0)
        bench.receive(count: 20)
        let lost = bench.gateway.sinks[0].queue.lost
        #expect(lost == 12)
        let samples = samples(bench)
        func count(_ reason: String) -> String? {
            samples["pulsegate_sink_lost_records_total{sink=\"kinesis\",reason=\"\(reason)\"}"]
        }
        #expect(count("overwritten") == "12")
        #expect(count("unreadable") == "0")
        #expect(count("unknown") == "0")
        #expect(samples["pulsegate_ring_slots"] == "8")
        #expect(samples["pulsegate_ring_records"] == "8")
    }

    @Test func alarmsAreCountedByTheirConditionAndNotByTheirSensor() {
        var settings = settings(sinks: [kinesis(batch: 4)])
        settings.manners = AlarmManners()
        var bench = Bench(settings)
        for _ in 0..<6 {
            bench.receive(180)
            _ = bench.actions(after: second)
        }
        let samples = samples(bench)
        let high = "{condition=\"high_heart_rate\"}"
        #expect(samples["pulsegate_alarms_raised_total\(high)"] == "1")
        #expect(samples["pulsegate_alarms_active\(high)"] == "1")
        #expect(samples["pulsegate_alarms_active{condition=\"frozen\"}"] == "0")
        #expect(!samples.keys.contains { $0.contains("sensor=") })
    }
}
