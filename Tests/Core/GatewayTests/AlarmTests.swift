import Alarm
import Gateway
import RecordRing
import Testing
import Time
import Vitals

/// Alarms of a gateway with manners: what it raises of itself, and the log.
struct AlarmTests {
    private func mannered(_ sinks: [SinkSettings] = [kinesis()]) -> GatewaySettings {
        var settings = settings(sinks: sinks)
        settings.manners = AlarmManners()
        settings.startClock = .synced
        return settings
    }

    private func alarms(_ actions: [Action]) -> [String] {
        actions.compactMap(\.alarm).map { "\($0.condition.word) \($0.edge.word)" }
    }

    @Test func everyChangeBecomesARecordBehindItsMeasurement() {
        var bench = Bench(mannered())
        for _ in 0..<4 {
            bench.receive(160)
            _ = bench.actions()
            bench.now += second
        }
        bench.gateway.acknowledgeAlarms(now: bench.now)
        #expect(alarms(bench.actions()) == ["high_heart_rate acknowledged"])
        #expect(bench.gateway.counters.alarmsRecorded == 2)
        // 160, 160, 160, 160, raised, acknowledged.
        #expect(bench.gateway.cursor.head == 6)
    }

    @Test func alarmComesBeforeItsRecordIsWritten() {
        var bench = Bench(mannered())
        for _ in 0..<4 {
            bench.receive(160)
            bench.now += second
        }
        bench.now -= second
        let actions = bench.actions()
        #expect(actions.first?.alarm?.edge == .raise)
        #expect(actions.first?.alarm?.time.monotonicNanoseconds == bench.now)
    }

    @Test func sinkThatFailsForAMinuteIsAnAlarmUntilItWorks() {
        var bench = Bench(mannered())
        bench.receive()
        for action in bench.actions(after: second) where action.isSend {
            _ = bench.request()
            bench.gateway.sinkFailed(sink: 0, now: bench.now)
        }
        #expect(alarms(bench.actions()) == [])
        bench.now += 59 * second
        #expect(!alarms(bench.actions()).contains("uplink_down raised"))
        bench.now += second
        #expect(alarms(bench.actions()).contains("uplink_down raised"))
    }

    @Test func lostSensorIsAnAlarmAtItsTime() {
        var bench = Bench(mannered())
        bench.receive()
        _ = bench.actions()
        #expect(bench.gateway.deadline().map { $0 <= bench.now + 10 * second } ?? false)
        bench.now += 10 * second
        let event = bench.actions().compactMap(\.alarm).first
        #expect(event?.condition == .sensorLost)
        #expect(event?.time.monotonicNanoseconds == bench.now)
    }

    @Test func offSkinIsAnAlarmAndNoHeartRate() {
        var bench = Bench(mannered())
        var raised: [String] = []
        for _ in 0..<8 {
            bench.receive([0b100, 180])
            raised += alarms(bench.actions(after: second))
        }
        #expect(raised == ["off_skin raised"])
    }

    @Test func withoutMannersNothingButHeartRatesIsJudged() {
        var bench = Bench()
        bench.receive()
        bench.receive([0b100, 180])
        bench.now += 3_600 * second
        #expect(alarms(bench.actions()) == [])
        #expect(bench.gateway.counters.alarmsRecorded == 0)
    }

    @Test func nothingNewIsLoggedWhileTheLastRecordsAreOnTheirWay() {
        var bench = Bench(mannered())
        bench.receive()
        bench.gateway.drain()
        bench.gateway.testAlarm(now: bench.now)
        #expect(alarms(bench.actions()) == ["test raised"])
        #expect(bench.gateway.counters.alarmsRecorded == 0)
    }

    @Test func clockThatNobodySetsIsAnAlarmAfterFiveMinutes() {
        var settings = mannered()
        settings.startClock = .unsynced
        var bench = Bench(settings)
        #expect(alarms(bench.actions()) == [])
        bench.now += 300 * second
        #expect(alarms(bench.actions()) == ["clock_unsynced raised"])
        bench.gateway.noteClock(.synced)
        #expect(alarms(bench.actions()) == ["clock_unsynced cleared"])
    }
}
