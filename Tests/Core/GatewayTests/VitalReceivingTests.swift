import Alarm
import Bytes
import Gateway
import RecordRing
import TestSupport
import Testing
import Time
import Uplink
import Vitals

/// Notifications of other sensors than the strap: decode, judge, record, in that order.
struct VitalReceivingTests {
    private static let pressure: [UInt8] = [0, 120, 0, 80, 0, 93, 0]
    private static let time: [UInt8] = [0xE9, 0x07, 7, 15, 19, 9, 12]

    private func immediate() -> GatewaySettings {
        settings(
            sensors: [sensor("probe", onset: 0), sensor("other", onset: 0)],
            sinks: [file(batch: 1)], sync: 0)
    }

    /// SpO2 97 % and this pulse rate.
    private func oximetry(_ pulse: UInt8, status: UInt16? = nil) -> [UInt8] {
        guard let status else { return [0, 97, 0, pulse, 0] }
        return [4, 97, 0, pulse, 0, UInt8(truncatingIfNeeded: status), UInt8(status >> 8)]
    }

    private func lines(_ bench: inout Bench) -> [String] {
        var lines: [String] = []
        while lines.count < 100, let action = bench.next(after: second) {
            if bench.written(action) != nil || !action.isSend { continue }
            lines += bench.request()
            bench.gateway.sinkDelivered(sink: 0, now: bench.now)
        }
        return lines
    }

    @Test func everyKindIsRecordedAndSent() {
        var bench = Bench(immediate())
        bench.receive(Self.pressure, .bloodPressureMeasurement)
        bench.receive([0, 0x71, 0x01, 0, 0xFF], .temperatureMeasurement)
        bench.receive(oximetry(71), .pulseOximeterContinuous)
        bench.receive(oximetry(71).prefix(5) + [], .pulseOximeterSpotCheck)
        bench.receive([2, 1, 0] + Self.time + [0x63, 0xB0, 0x11], .glucoseMeasurement)
        bench.receive(notification(70), .heartRateMeasurement)
        let counters = bench.gateway.counters
        #expect(counters.notifications == 6 && counters.recorded == 6)
        #expect(counters.vitalsRecorded == 5)
        let found = lines(&bench)
        let kinds = [
            #""measurement":"blood_pressure","blood_pressure_systolic":120.0,"#,
            #""measurement":"body_temperature","body_temperature":36.9"#,
            #""measurement":"oximetry","oxygen_saturation":0.9700,"pulse_rate":71.0"#,
            #""measurement":"oximetry_spot_check","oxygen_saturation":0.9700,"#,
            #""measurement":"glucose","glucose_level":99.0"#, #""heart_rate":70"#,
        ]
        #expect(found.count == 6)
        for (line, kind) in zip(found, kinds) { #expect(line.contains(kind), "\(line)") }
        #expect(found.allSatisfy { $0.contains(#""sensor":"probe""#) })
    }

    @Test func everyNotificationIsCountedOnceByWhatItWas() {
        var bench = Bench(immediate())
        bench.receive(Self.pressure, .bloodPressureMeasurement)
        bench.receive([0, 120, 0], .bloodPressureMeasurement)
        bench.receive([], .glucoseMeasurement)
        bench.receive([0, 80, 0, 120, 0, 93, 0], .bloodPressureMeasurement)
        bench.receive([0, 0xFF, 7, 0xFF, 7, 0xFF, 7], .bloodPressureMeasurement, sensor: 1)
        bench.receive([0, 97, 0, 0x2D, 1], .pulseOximeterContinuous)
        var expected = Counters()
        expected.notifications = 6
        expected.recorded = 1
        expected.vitalsRecorded = 1
        expected.malformed = 2
        expected.implausible = 2
        expected.errorsRecorded = 4
        expected.withoutValue = 1
        #expect(bench.gateway.counters == expected)
        #expect(
            bench.reports() == [
                .measurementMalformed(
                    sensor: 0, .bloodPressure, .truncated(field: .diastolic, length: 3)),
                .measurementMalformed(sensor: 0, .glucose, .empty),
                .measurementImplausible(sensor: 0, .bloodPressure, .bloodPressureDiastolic),
                .measurementWithoutValue(sensor: 1, .bloodPressure, .notMeasured),
                .measurementImplausible(sensor: 0, .continuousOximetry, .pulseRate),
            ])
        #expect(bench.gateway.cursor.head == 5, "a measurement and four errors")
    }

    @Test func oximeterWithoutAValueIsReportedOnceOnEachEdgeAndBySensor() {
        var bench = Bench(immediate())
        let off: [UInt8] = [0, 0xFF, 7, 0xFF, 7]
        for packet in [oximetry(71), off, off, oximetry(71), oximetry(71), off] {
            bench.receive(packet, .pulseOximeterContinuous)
        }
        bench.receive(off, .pulseOximeterContinuous, sensor: 1)
        #expect(
            bench.reports() == [
                .measurementWithoutValue(sensor: 0, .continuousOximetry, .notMeasured),
                .sensorHasValue(sensor: 0, .continuousOximetry),
                .measurementWithoutValue(sensor: 0, .continuousOximetry, .notMeasured),
                .measurementWithoutValue(sensor: 1, .continuousOximetry, .notMeasured),
            ])
    }

    /// Each is a person's act, and each failure of it is news.
    @Test func spotChecksWithoutAValueAreReportedEachTime() {
        var bench = Bench(immediate())
        for _ in 0..<3 { bench.receive([0, 0xFF, 7, 0xFF, 7], .pulseOximeterSpotCheck) }
        #expect(bench.reports().count == 3)
    }

    @Test func pulseOfAWornOximeterRaisesTheAlarm() {
        var bench = Bench(immediate())
        bench.receive(oximetry(150), .pulseOximeterContinuous)
        #expect(bench.actions().allSatisfy { !$0.isAlarm })
        bench.receive(oximetry(151), .pulseOximeterContinuous)
        let raised = bench.actions().first?.alarm
        #expect(raised?.edge == .raise && raised?.beatsPerMinute == 151 && raised?.sensor == 0)
        bench.receive(oximetry(144), .pulseOximeterContinuous)
        #expect(bench.actions().first?.alarm?.edge == .clear)
        #expect(bench.gateway.counters.pulsesJudged == 3)
    }

    @Test func pulseThatSaysItIsInvalidRaisesNothing() {
        var bench = Bench(immediate())
        for bit in [9, 10, 11, 12, 13, 15] {
            bench.receive(oximetry(180, status: 1 << UInt16(bit)), .pulseOximeterContinuous)
        }
        bench.receive(oximetry(180), .pulseOximeterSpotCheck)
        bench.receive(
            [4, 120, 0, 80, 0, 93, 0, 180, 0], .bloodPressureMeasurement)
        #expect(bench.actions().allSatisfy { !$0.isAlarm })
        #expect(bench.gateway.counters.pulsesJudged == 0)
    }

    /// 160 from the chest and 140 from the finger, in turn: without the rule the onset delay would
    /// begin anew with every second one.
    @Test func sensorThatSendsBothIsJudgedByItsHeartRate() {
        var settings = immediate()
        settings.sensors[0].limits.onsetDelayNanoseconds = 3 * second
        var bench = Bench(settings)
        var edges: [AlarmEdge] = []
        for _ in 0..<5 {
            bench.receive(160)
            bench.receive(oximetry(140), .pulseOximeterContinuous)
            edges += bench.actions(after: second).compactMap(\.alarm?.edge)
        }
        #expect(edges == [.raise])
        #expect(bench.gateway.counters.pulsesJudged == 0)
        #expect(bench.gateway.counters.vitalsRecorded == 5, "it is recorded all the same")
    }

    @Test func pulseTakesOverWhenTheHeartRateEnds() {
        var bench = Bench(immediate())
        bench.receive(70)
        let silence = RateLimits().silenceNanoseconds
        bench.now += silence
        bench.receive(oximetry(180), .pulseOximeterContinuous)
        #expect(bench.gateway.counters.pulsesJudged == 0)
        bench.now += 1
        bench.receive(oximetry(180), .pulseOximeterContinuous)
        #expect(bench.actions().first?.alarm?.edge == .raise)
        bench.receive(oximetry(180), .pulseOximeterContinuous, sensor: 1)
        #expect(bench.actions().first?.alarm?.sensor == 1, "the other sensor had none")
    }

    @Test func newDeviceInTheSensorsPlaceBeginsAnew() {
        var bench = Bench(immediate())
        bench.receive(70)
        bench.receive([0, 0xFF, 7, 0xFF, 7], .pulseOximeterContinuous)
        bench.gateway.assign(
            sensor: 0, name: name("new"),
            time: Moment(monotonicNanoseconds: 0, wallMicroseconds: 0))
        _ = bench.actions()
        bench.receive([0, 0xFF, 7, 0xFF, 7], .pulseOximeterContinuous)
        #expect(bench.reports().count == 1, "what the other one said does not count")
        bench.receive(oximetry(180), .pulseOximeterContinuous)
        #expect(bench.actions().first?.alarm?.edge == .raise)
    }

    @Test func fullRingRefusesTheMeasurementAndJudgesItsPulse() {
        var settings = immediate()
        settings.refusesWhenFull = true
        var bench = Bench(settings, slots: 8)
        bench.receive(count: 8)
        bench.receive(oximetry(180), .pulseOximeterContinuous, sensor: 1)
        #expect(bench.actions().first?.isAlarm == true)
        #expect(bench.gateway.counters.refusedByFullRing == 1)
        #expect(bench.gateway.counters.vitalsRecorded == 0)
    }

    @Test func whatIsNoMeasurementIsAMistakeOfTheCaller() async {
        await #expect(processExitsWith: .failure) {
            var bench = Bench()
            bench.receive([50], .batteryLevel)
        }
        await #expect(processExitsWith: .failure) {
            var bench = Bench()
            bench.receive([0, 97, 0, 71, 0], .pulseOximeterContinuous, sensor: 2)
        }
    }
}

/// Records of kinds that only a newer version knows.
struct UnknownKindTests {
    private func slot(_ sequence: UInt64, kind: UInt8 = 1) -> [UInt8] {
        var slot = Record.slot(sequence: sequence)
        var bytes = slot.mutableSpan
        bytes[5] = kind
        bytes.store(CRC32C.checksum(bytes.span.extracting(4..<Record.slotBytes)), at: 0)
        return slot
    }

    /// Neither damage nor an overwriting: the gap says that the records are there.
    @Test func unknownKindsArePassedOverAndTheOthersDelivered() {
        var torn = slot(4)
        torn[100] ^= 1
        let slots = [slot(0), slot(1, kind: 200), slot(2, kind: 201), slot(3), torn, slot(5)]
        var bench = Bench(settings(sinks: [file(batch: 10)]), head: 6)
        #expect(bench.next() == .readRing(first: 0, count: 6))
        bench.read(slots)
        var lines: [String] = []
        var reports: [Report] = []
        while lines.count < 5, let action = bench.next(after: second) {
            if let report = action.report { reports.append(report) }
            if bench.written(action) != nil || !action.isSend { continue }
            lines += bench.request()
            bench.gateway.sinkDelivered(sink: 0, now: bench.now)
        }
        reports += bench.reports()
        #expect(lines.map { number(after: "\"seq\":", in: $0) } == [0, 3, 5, 6, 7])
        let gaps = lines.suffix(2)
        #expect(
            gaps.contains {
                $0.contains(#""reason":"unknown","count":2,"first_seq":1,"last_seq":2"#)
            })
        #expect(
            gaps.contains {
                $0.contains(#""reason":"unreadable","count":1,"first_seq":4,"last_seq":4"#)
            })
        #expect(reports.contains(.recordsLost(sink: 0, count: 2, .unknown)))
        #expect(reports.contains(.recordsLost(sink: 0, count: 1, .unreadable)))
        #expect(bench.gateway.sinks[0].unsaidLosses == 0)
    }

    @Test func unknownKindOfAnotherRoundIsDamage() {
        var bench = Bench(settings(sinks: [file(batch: 10)]), head: 2)
        _ = bench.next()
        bench.read([slot(9, kind: 200), slot(1)])
        _ = bench.actions(after: second)
        #expect(bench.reports().isEmpty)
        #expect(bench.gateway.sinks[0].queue.lost == 1)
    }
}
