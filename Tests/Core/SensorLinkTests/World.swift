import Bytes
import ModelBlueZ
import SensorLink
import Uplink
import Vitals

/// Some hours of sensors that come and go, and of a BlueZ that fails in every way that is known.
/// Everything random comes from one seed.
final class World {
    let bench: Bench
    var random: RandomSource
    let sensors: Int
    /// Between two faults, at most.
    let pause: Int64
    /// Every strap, its trouble, and the radio were well, without a pause, since then.
    private var wellSince: [Int64?]
    /// The strap was there, whatever the rest did, since then.
    private var thereSince: [Int64]
    /// The latest fault of the strap, or of what all of them need.
    private var faultAt: [Int64]
    /// The radio, the daemon and the bus could be used then, or had another fault.
    private var radioAt: Int64
    private var counts: [Int]
    var faults = 0
    var longestWell: Int64 = 0
    /// Since the latest fault, and in all.
    var longestTrouble: Int64 = 0
    var longestThere: Int64 = 0
    /// The radio could not be used, since its latest fault.
    var longestRadio: Int64 = 0
    var simulated: Int64 = 0
    private(set) var broken: String?

    init(seed: UInt64) {
        random = RandomSource(seed: seed)
        let sizes = [1, 1, 1, 2, 2, 3, 4, 8, 16, 50]
        sensors = sizes[Int.random(in: 0..<sizes.count, using: &random)]
        let pauses = [minute, 5 * minute, 20 * minute, 60 * minute]
        pause = pauses[Int.random(in: 0..<pauses.count, using: &random)]
        bench = Bench(
            World.settings(sensors, &random, seed: seed), seed: seed, straps: sensors)
        bench.keepsReports = false
        bench.blueZ.keepsCalls = false
        wellSince = Array(repeating: nil, count: sensors)
        thereSince = Array(repeating: bench.now, count: sensors)
        faultAt = Array(repeating: bench.now, count: sensors)
        radioAt = bench.now
        counts = Array(repeating: 0, count: sensors)
        let blueZ = bench.blueZ
        blueZ.version = Bool.random(using: &random) ? .v566 : .v582
        blueZ.daemonComesBack = Bool.random(using: &random) ? second : nil
        blueZ.lostAnswers = [0, 0, 2][Int.random(in: 0..<3, using: &random)]
        for index in blueZ.straps.indices {
            blueZ.straps[index].supervisionNanoseconds =
                [420, 2_000, 6_000][Int.random(in: 0..<3, using: &random)] * millisecond
            blueZ.straps[index].characteristics =
                [.heartRateMeasurement, .bodySensorLocation, .batteryLevel]
        }
        // Lamps, televisions and toothbrushes.
        for number in 0..<Int.random(in: 0...5, using: &random) {
            var other = ModelStrap(BluetoothAddress(0xA000 + UInt64(number)), name: "Lamp")
            other.services = ServiceSet(rawValue: 0)
            other.intervalNanoseconds = 3_600 * second
            blueZ.straps.append(other)
        }
    }

    /// By address, by name or whatever there is.
    private static func settings(
        _ sensors: Int, _ random: inout RandomSource, seed: UInt64
    ) -> LinkSettings {
        var settings = Bench.settings(sensors, seed: seed)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: break
        case 1:
            settings.choices = (1...sensors).map {
                SensorChoice(.name(NamePattern("Strap \($0)")))
            }
        default:
            settings.choices = [SensorChoice(.service(.heartRate), slots: sensors)]
        }
        return settings
    }

    // MARK: Running

    /// Answers the rule that was broken, if one was.
    func run(_ duration: Int64) -> String? {
        let end = bench.now + duration
        var nextFault = bench.now + minute
        while bench.now < end && broken == nil {
            if bench.now >= nextFault {
                fault()
                faults += 1
                nextFault = bench.now + Int64.random(in: second...pause, using: &random)
            }
            bench.run(second)
            simulated += second
            check()
        }
        if broken == nil { makePeace() }
        return bench.violations.first ?? broken
    }

    private func chance(_ percent: Int) -> Bool {
        Int.random(in: 0..<100, using: &random) < percent
    }

    private func fault() {
        let strap = Int.random(in: 0..<sensors, using: &random)
        let blueZ = bench.blueZ
        let kind = Int.random(in: 0..<20, using: &random)
        let isOfAll = kind >= 14
        for index in 0..<sensors where isOfAll || index == strap { faultAt[index] = bench.now }
        if isOfAll { radioAt = bench.now }
        switch kind {
        case 0...4: walk(strap)
        case 5: blueZ.drop(strap)
        case 6: blueZ.straps[strap].mute = .init(cure: cure)
        case 7: blueZ.straps[strap].unresolved = .init(cure: cure)
        case 8: blueZ.straps[strap].stale = .init(cure: cure)
        case 9: blueZ.straps[strap].bare = .init(cure: cure)
        case 10: blueZ.straps[strap].aborts = Int.random(in: 1...3, using: &random)
        case 11: blueZ.straps[strap].isHeld = chance(30)
        case 12: blueZ.straps[strap].inProgressAnswers = 1
        case 13: blueZ.straps[strap].classicAnswers = 1
        case 14: blueZ.deaf = .init(cure: globalCure)
        case 15: blueZ.wedged = .init(cure: globalCure)
        case 16: chance(50) ? blueZ.kill() : blueZ.terminate()
        case 17: blueZ.hang()
        case 18: chance(50) ? blueZ.closeBus() : blueZ.powerOff()
        default:
            switch Int.random(in: 0..<3, using: &random) {
            case 0: blueZ.block()
            case 1: blueZ.unplug()
            default: blueZ.powerless = .init(cure: .resetRadio)
            }
        }
    }

    private func walk(_ strap: Int) {
        if bench.blueZ.straps[strap].isInRange {
            bench.blueZ.leave(strap)
        } else {
            bench.blueZ.appear(strap)
        }
    }

    /// The shared rungs are withheld while other sensors stream, so a strap that needs one comes
    /// back only where it is alone.
    private var cure: Rung {
        let highest: UInt8 = sensors == 1 ? 5 : 2
        return Rung(rawValue: UInt8.random(in: 0...highest, using: &random)) ?? .reconnect
    }

    private var globalCure: Rung {
        Rung(rawValue: UInt8.random(in: 3...5, using: &random)) ?? .powerCycle
    }

    // MARK: Rules

    private var isRadioWell: Bool { isRadioUsable && bench.blueZ.powerless == nil }

    /// One that can not be switched on is no trouble while it is on.
    private var isRadioUsable: Bool {
        let blueZ = bench.blueZ
        return blueZ.deaf == nil && blueZ.wedged == nil && blueZ.daemonIsRunning
            && !blueZ.daemonHangs && blueZ.adapterIsPresent && blueZ.isPowered && blueZ.busIsOpen
    }

    private func isWell(_ strap: ModelStrap) -> Bool {
        strap.mute == nil && strap.unresolved == nil && strap.stale == nil && strap.bare == nil
            && !strap.isHeld && strap.aborts == 0 && strap.classicAnswers == 0
    }

    /// Whom strap `index` is to the supervisor, where it may choose.
    private func sensor(of index: Int) -> Int? {
        let wanted = bench.blueZ.straps[index].address
        for sensor in 0..<sensors where bench.status(sensor).address == wanted { return sensor }
        return nil
    }

    private func check() {
        if let violation = bench.violations.first { broken = violation }
        let isRadioWell = isRadioWell
        if isRadioUsable { radioAt = bench.now }
        longestRadio = max(longestRadio, bench.now - radioAt)
        if bench.now - radioAt > ladderTime {
            broken = "the radio is of no use for \(seconds(bench.now - radioAt)) s: \(words(0))"
        }
        let addresses = (0..<sensors).map { bench.status($0).address }
        for index in 0..<sensors {
            let strap = bench.blueZ.straps[index]
            let sensor = addresses.firstIndex(of: strap.address)
            let count = sensor.map { bench.valueCounts[$0] } ?? 0
            let hasData = count != counts[index]
            counts[index] = count
            if hasData || !strap.isInRange || strap.isHeld { thereSince[index] = bench.now }
            let isWell = isRadioWell && isWell(strap) && strap.isInRange
            if hasData || !isWell { wellSince[index] = nil }
            if isWell && wellSince[index] == nil { wellSince[index] = bench.now }
            note(index)
        }
    }

    /// From the latest fault to data, at the worst: every rung is free after the longest pause,
    /// then a radio that sees nothing has its round of three, and then a sensor climbs from the
    /// second rung to the last in seven tries. A try is the longest back-off, a round of the
    /// kernel's scan, and every call and deadline of a connection; those of the others have their
    /// turns between.
    private var ladderTime: Int64 {
        let deadlines = bench.supervisor.settings.deadlines
        let round = 3 * (deadlines.quietRestart + deadlines.restart)
        let calls = 3 * deadlines.call  // StopDiscovery, StartNotify, Disconnect
        let connection = deadlines.connect + deadlines.resolve + deadlines.firstValue
        let attempt = 30 * second + 11 * second + calls + connection
        return LinkLimits.longestPause + round + 7 * (attempt + turns)
    }

    /// Of those that fail meanwhile.
    private var turns: Int64 { Int64(sensors - 1) * 3 * second }

    private func note(_ index: Int) {
        if let since = wellSince[index] {
            longestWell = max(longestWell, bench.now - since)
            // Back-off, and the turns of those that fail meanwhile.
            let limit = 153 * second + turns
            if bench.now - since > limit {
                broken =
                    "strap \(index) is well for \(seconds(bench.now - since)) s: \(words(index))"
            }
        }
        longestThere = max(longestThere, bench.now - thereSince[index])
        let trouble = bench.now - max(thereSince[index], faultAt[index])
        longestTrouble = max(longestTrouble, trouble)
        if trouble > ladderTime {
            broken =
                "strap \(index) is there for \(seconds(trouble)) s after the latest fault: "
                + words(index)
        }
    }

    private func words(_ index: Int) -> String {
        let strap = bench.blueZ.straps[index]
        let status = sensor(of: index).map { "\(bench.status($0))" } ?? "no sensor"
        return "\(status); \(strap); \(bench.supervisor.daemon) \(bench.supervisor.adapter) "
            + "\(bench.supervisor.counters)"
    }

    /// Everything is well: everything streams, and nothing of the storm is left.
    private func makePeace() {
        let blueZ = bench.blueZ
        blueZ.deaf = nil
        blueZ.wedged = nil
        blueZ.powerless = nil
        blueZ.lostAnswers = 0
        for index in 0..<sensors {
            blueZ.straps[index].mute = nil
            blueZ.straps[index].unresolved = nil
            blueZ.straps[index].stale = nil
            blueZ.straps[index].bare = nil
            blueZ.straps[index].isHeld = false
            blueZ.straps[index].aborts = 0
            blueZ.appear(index)
        }
        // A daemon that is limited to one restart in an hour is waited for.
        guard bench.run(70 * minute, until: { bench.isStreaming }) != nil else {
            broken = "not everything streams in peace: \((0..<sensors).map { bench.state($0) })"
            return
        }
        bench.run(2 * minute)
        simulated += 2 * minute
        if !bench.isStreaming { broken = "peace does not last" }
        if bench.supervisor.pendingCalls > 0 { broken = "calls are left" }
        if blueZ.openCalls > 0 { broken = "the bus has calls left" }
        if blueZ.isDiscovering { broken = "all are connected, and discovery is on" }
        let known = (0..<LinkLimits.devices).count {
            bench.supervisor.device($0, now: bench.now) != nil
        }
        if known != blueZ.objectCount {
            broken = "\(known) devices are known of \(blueZ.objectCount)"
        }
        for sensor in 0..<sensors where bench.status(sensor).rung != nil {
            broken = "a ladder is left: \(bench.status(sensor))"
        }
    }
}
