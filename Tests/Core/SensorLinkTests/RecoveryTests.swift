import Foundation
import ModelBlueZ
import SensorLink
import TestSupport
import Testing

/// How long a sensor's data is away, for each fault of the field: from the fault (or the end of
/// what nobody can help, such as the distance) to the next value, in simulated time.
struct RecoveryTests {
    struct Row: Sendable {
        let what: String
        /// Seconds that may pass, BlueZ's own time included.
        let limit: Double
        var sensors = 1
        /// What happens to a bench whose sensors all stream.
        let fault: @Sendable (Bench) -> Void
    }

    private static func muted(_ cure: Rung) -> @Sendable (Bench) -> Void {
        { $0.blueZ.straps[0].mute = .init(cure: cure) }
    }

    static let links = [
        Row(what: "1 link dropped by the kernel", limit: 5) { $0.blueZ.drop(0) },
        Row(
            what: "2 silence, cured by StopNotify/StartNotify", limit: 5, fault: muted(.resubscribe)
        ),
        Row(what: "2 silence, cured by Disconnect/Connect", limit: 15, fault: muted(.reconnect)),
        Row(what: "2 silence, cured by RemoveDevice", limit: 60, fault: muted(.removeDevice)),
        Row(what: "2 silence, cured by adapter off/on", limit: 90, fault: muted(.powerCycle)),
        Row(what: "2 silence, cured by a new bluetoothd", limit: 120, fault: muted(.restartDaemon)),
        Row(what: "2 silence, cured by a radio reset", limit: 150, fault: muted(.resetRadio)),
        Row(what: "3 InProgress, joined", limit: 5) {
            $0.blueZ.straps[0].inProgressAnswers = 1
            $0.blueZ.drop(0)
        },
        Row(what: "4 attempt aborted, Connected for a moment", limit: 10) {
            $0.blueZ.straps[0].aborts = 1
            $0.blueZ.drop(0)
        },
        Row(what: "4 three attempts aborted", limit: 30) {
            $0.blueZ.straps[0].aborts = 3
            $0.blueZ.drop(0)
        },
        Row(what: "5 services never resolved, cured by Connect", limit: 40) {
            $0.blueZ.straps[0].unresolved = .init(cure: .reconnect)
            $0.blueZ.drop(0)
        },
        Row(what: "6 stale cache, cured by RemoveDevice", limit: 10) {
            $0.blueZ.straps[0].stale = .init(cure: .removeDevice)
            $0.blueZ.drop(0)
        },
        Row(what: "7 StartNotify refused: a socket", limit: 5) {
            $0.blueZ.straps[0].refusesSignals = true
            $0.blueZ.drop(0)
        },
        Row(what: "8 Notifying and silence: a socket", limit: 40) {
            $0.blueZ.straps[0].isMuteBySignals = true
            $0.blueZ.drop(0)
        },
        Row(what: "13 evicted while it waits", limit: 8) {
            $0.blueZ.leave(0)
            $0.run(2 * minute)
            $0.blueZ.appear(0)
        },
        Row(what: "14 the other radio was asked", limit: 8) {
            $0.blueZ.straps[0].classicAnswers = 1
            $0.blueZ.drop(0)
        },
        Row(what: "19 free again after another host", limit: 45) {
            $0.blueZ.straps[0].isHeld = true
            $0.blueZ.drop(0)
            $0.run(3 * minute)
            $0.blueZ.straps[0].isHeld = false
        },
        Row(what: "in range again after 10 s", limit: 5) {
            $0.blueZ.leave(0)
            $0.run(10 * second)
            $0.blueZ.appear(0)
        },
        Row(what: "in range again after 1 h", limit: 5) {
            $0.blueZ.leave(0)
            $0.run(60 * minute)
            $0.blueZ.appear(0)
        },
    ]

    static let daemons = [
        Row(what: "9 discovery dead, cured by stop/start", limit: 65) {
            $0.blueZ.deaf = .init(cure: .resubscribe)
            $0.blueZ.drop(0)
        },
        Row(what: "9 discovery dead, cured by off/on", limit: 620) {
            $0.blueZ.deaf = .init(cure: .powerCycle)
            $0.blueZ.drop(0)
        },
        Row(what: "10 adapter pulled for 30 s", limit: 5) {
            $0.blueZ.unplug(isPulled: true)
            $0.run(30 * second)
            $0.blueZ.plug()
        },
        Row(what: "10 adapter gone, back by rfkill", limit: 10) { $0.blueZ.unplug() },
        Row(what: "10 adapter off", limit: 5) { $0.blueZ.powerOff() },
        Row(what: "10 blocked by rfkill", limit: 10) { $0.blueZ.block() },
        Row(what: "10 switching on fails, cured by a reset", limit: 10) {
            $0.blueZ.powerless = .init(cure: .resetRadio)
            $0.blueZ.powerOff()
        },
        Row(what: "11 bluetoothd killed, systemd restarts it", limit: 10) {
            $0.blueZ.daemonComesBack = second
            $0.blueZ.kill()
        },
        Row(what: "11 bluetoothd killed, nobody restarts it", limit: 10) { $0.blueZ.kill() },
        Row(what: "11 bluetoothd stopped", limit: 10) { $0.blueZ.terminate() },
        Row(what: "11 bluetoothd hangs", limit: 30) { $0.blueZ.hang() },
        Row(what: "12 bus lost", limit: 3) { $0.blueZ.closeBus() },
        Row(what: "controller wedged, cured by off/on", limit: 40) {
            $0.blueZ.wedged = .init(cure: .powerCycle)
        },
        Row(what: "controller wedged, cured by a reset", limit: 150) {
            $0.blueZ.wedged = .init(cure: .resetRadio)
        },
        Row(what: "controller wedged, 8 sensors", limit: 60, sensors: 8) {
            $0.blueZ.wedged = .init(cure: .powerCycle)
        },
        Row(what: "bluetoothd killed, 50 sensors", limit: 90, sensors: 50) { $0.blueZ.kill() },
    ]

    /// Every row with 20 seeds, both versions of the daemon; the worst counts.
    @Test(arguments: [0, 1]) func everyFaultIsOverInItsTime(half: Int) {
        let rows = half == 0 ? Self.links : Self.daemons
        var table = "time to recover, s (median, worst, limit)\n"
        for row in rows {
            var times: [Double] = []
            for seed in 1...20 {
                let bench = Bench(sensors: row.sensors, seed: UInt64(seed))
                bench.blueZ.version = seed % 2 == 0 ? .v566 : .v582
                bench.settle(within: 5 * minute)
                row.fault(bench)
                let start = bench.now
                // What was on its way still comes.
                bench.run(50 * millisecond)
                let counts = bench.valueCounts
                bench.run(20 * minute) {
                    (0..<row.sensors).allSatisfy {
                        bench.state($0) == .streaming && bench.valueCounts[$0] > counts[$0]
                    }
                }
                let time = seconds(bench.now - start)
                times.append(time)
                #expect(time <= row.limit, "\(row.what), seed \(seed)")
                #expect(bench.violations == [], "\(row.what), seed \(seed)")
                if time > row.limit || !bench.violations.isEmpty { break }
            }
            times.sort()
            let figures = String(
                format: "%8.1f %8.1f %6.0f  ", times[times.count / 2], times[times.count - 1],
                row.limit)
            table += figures + row.what + "\n"
        }
        print(table)
    }
}
