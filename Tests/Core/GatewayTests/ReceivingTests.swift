import Alarm
import Gateway
import RecordRing
import Testing
import Time
import Vitals

/// A notification comes in: decode, judge, record, in that order.
struct ReceivingTests {
    private func immediate() -> GatewaySettings {
        settings(
            sensors: [sensor("strap", onset: 0)], sinks: [kinesis(batch: 1)], sync: 0)
    }

    @Test func alarmComesBeforeTheDiskAndTheDiskBeforeTheNetwork() {
        var bench = Bench(immediate())
        bench.receive(180)
        let actions = bench.actions()
        #expect(actions.first?.alarm?.sensor == 0)
        #expect(actions.first?.alarm?.edge == .raise)
        #expect(actions.first?.alarm?.beatsPerMinute == 180)
        #expect(actions.first?.alarm?.time.monotonicNanoseconds == 100 * second)
        #expect(
            actions.dropFirst() == [
                .writeRing(first: 0, count: 1, sync: true), .send(sink: 0),
            ])
    }

    @Test func reportsComeLast() {
        var bench = Bench(immediate())
        bench.receive([])
        bench.receive(180)
        let actions = bench.actions()
        #expect(actions.map(\.isAlarm) == [true, false, false, false])
        #expect(actions.last == .report(.notificationMalformed(sensor: 0, .empty)))
    }

    /// The card has not answered and the service has not answered: the alarm does not ask.
    @Test func alarmComesWhileDiskAndNetworkAreUnderWay() {
        var bench = Bench(immediate())
        bench.receive(70)
        let before = bench.actions()
        #expect(before.count == 2, "a write and a request, and no answer to either")
        bench.receive(180)
        #expect(bench.next()?.isAlarm == true)
        bench.receive(100)
        #expect(bench.next()?.isAlarm == true)
    }

    @Test func alarmComesWhileTheCardFails() {
        var bench = Bench(immediate())
        bench.receive(70)
        _ = bench.next()
        bench.gateway.ringFailed(now: bench.now)
        bench.receive(180)
        #expect(bench.next()?.isAlarm == true)
    }

    @Test func everyNotificationIsCountedOnceByWhatItWas() {
        var bench = Bench()
        bench.receive(70)
        bench.receive(301)
        bench.receive(0)
        bench.receive([0b100, 70])
        bench.receive([])
        bench.receive([1, 2])
        var expected = Counters()
        expected.notifications = 6
        expected.recorded = 1
        expected.implausible = 1
        expected.offSkin = 2
        expected.malformed = 2
        expected.errorsRecorded = 3
        #expect(bench.gateway.counters == expected)
        #expect(
            bench.reports() == [
                .valueImplausible(sensor: 0, beatsPerMinute: 301),
                .sensorOffSkin(sensor: 0),
                .notificationMalformed(sensor: 0, .empty),
                .notificationMalformed(
                    sensor: 0, .truncated(field: .heartRate, length: 2)),
            ])
    }

    @Test func skinIsReportedOnceOnEachEdgeAndBySensor() {
        var bench = Bench()
        for rate in [70, 0, 0, 70, 70, 0] as [UInt16] { bench.receive(rate) }
        bench.receive(0, sensor: 1)
        #expect(
            bench.reports() == [
                .sensorOffSkin(sensor: 0), .sensorOnSkin(sensor: 0), .sensorOffSkin(sensor: 0),
                .sensorOffSkin(sensor: 1),
            ])
    }

    /// 0, no contact and impossible values are no heart rates.
    @Test func statesAreNeitherJudgedNorRecorded() {
        var bench = Bench(immediate())
        bench.receive(400)
        bench.receive(0)
        bench.receive([0b100, 200])
        let actions = bench.actions()
        #expect(!actions.contains { $0.isAlarm || $0.isSend })
        #expect(bench.gateway.counters.recorded == 0)
        #expect(bench.gateway.cursor.head == 1, "the value that no heart has, as an error")
    }

    @Test func reportsBeyondTheirLimitAreCounted() {
        var bench = Bench()
        for _ in 0..<Limits.reports + 7 { bench.receive([]) }
        let dropped = bench.gateway.counters.reportsDropped
        #expect(dropped == 7)
        #expect(bench.reports().count == Limits.reports)
    }

    @Test func measurementIsWrittenInTheRecordWithItsSensorAndBothTimes() {
        var bench = Bench(settings(sinks: [file(batch: 1)], session: 0xb194_6ac9))
        bench.now = 3 * second
        bench.receive([0b11110, 89, 12, 0, 0xB0, 2, 0xAC, 2], sensor: 1)
        #expect(bench.next() == .send(sink: 0))
        #expect(
            bench.request() == [
                #"{"timestamp":"1970-01-01T00:00:03.000000Z","heart_rate":89,"#
                    + #""device_id":"gym-7","sensor":"watch","seq":0,"session_id":"b1946ac9","#
                    + #""contact":true,"rr_ms":[671.9,668.0],"energy_kj":12,"clock":"synced","#
                    + #""schema":1}"# + "\n"
            ])
    }
}
