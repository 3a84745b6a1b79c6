import Bytes
import ModelBlueZ
import SensorLink
import Testing
import Uplink
import Vitals

let second: Int64 = 1_000_000_000
let millisecond: Int64 = 1_000_000
let minute = 60 * second

/// Strap number `number`: C0:00:00:00:00:xx.
func address(_ number: Int) -> BluetoothAddress {
    BluetoothAddress(0xC000_0000_0000 + UInt64(number))
}

/// A supervisor, the model of BlueZ that it works with, and a clock that jumps from event to
/// event. What has to hold at every instant is checked at every instant.
final class Bench {
    let blueZ: ModelBlueZ
    var supervisor: LinkSupervisor
    var now: Int64
    var reports: [LinkReport] = []
    var keepsReports = true
    var actions: [BluetoothAction] = []
    /// When each sensor's latest value was delivered, and how many were.
    var values: [Int64?]
    var valueCounts: [Int]
    var frozenCount = 0
    var lastValues: [[UInt8]]
    /// The rules that were broken, in words.
    var violations: [String] = []
    var steps = 0
    var log: [(Int64, String)] = []
    /// Calls that wait for an answer, with the time they were made.
    private var waiting: [CallID: (at: Int64, call: BluetoothCall)] = [:]
    private var seen: Set<CallID> = []

    init(_ settings: LinkSettings, seed: UInt64 = 1, straps: Int = 0) {
        now = 1_000 * second
        blueZ = ModelBlueZ(seed: seed, now: now)
        for number in 0..<straps {
            blueZ.straps.append(ModelStrap(address(number + 1), name: "Strap \(number + 1)"))
        }
        supervisor = LinkSupervisor(settings: settings, now: now)
        values = Array(repeating: nil, count: settings.sensorCount)
        valueCounts = Array(repeating: 0, count: settings.sensorCount)
        lastValues = Array(repeating: [], count: settings.sensorCount)
        drain()
    }

    /// One sensor for each of the first `count` straps, by address.
    static func settings(_ count: Int, seed: UInt64 = 7) -> LinkSettings {
        LinkSettings(
            choices: (0..<count).map { SensorChoice(.address(address($0 + 1))) }, seed: seed)
    }

    convenience init(sensors count: Int, seed: UInt64 = 1) {
        self.init(Bench.settings(count, seed: seed), seed: seed, straps: count)
    }

    /// The process ends and begins again; the daemon and its links stay.
    func restart() {
        blueZ.closeBus()
        while blueZ.take(by: now) != nil {}
        waiting = [:]
        seen = []
        valueCounts = valueCounts.map { _ in 0 }
        supervisor = LinkSupervisor(settings: supervisor.settings, now: now)
        drain()
    }

    // MARK: Running

    func run(_ duration: Int64) { run(until: now + duration) }

    /// Runs until `condition` holds, `limit` at most; answers the time it took, nil when it never
    /// did.
    @discardableResult
    func run(_ limit: Int64, until condition: () -> Bool) -> Int64? {
        let start = now
        while !condition() {
            guard step(by: start + limit) else { return nil }
        }
        return now - start
    }

    private func run(until end: Int64) {
        while step(by: end) {}
        now = end
        blueZ.advance(to: now)
    }

    /// The next thing that happens by `end`; false when nothing does.
    private func step(by end: Int64) -> Bool {
        let due = min(blueZ.next ?? .max, supervisor.nextDeadline ?? .max)
        guard due <= end else { return false }
        steps += 1
        now = max(now, due)
        if let (event, value) = blueZ.take(by: now) {
            hand(event, value)
        } else {
            blueZ.advance(to: now)
            guard supervisor.nextDeadline.map({ $0 <= now }) ?? false else { return true }
            supervisor.advance(to: now)
            drain()
            if let next = supervisor.nextDeadline, next <= now {
                let states = (0..<supervisor.sensorCount).map { "\(state($0)) \(status($0).next)" }
                violations.append(
                    "the deadline \(next) is not in the future of \(now): \(supervisor.daemon) "
                        + "\(supervisor.adapter) \(states)")
                now += millisecond
            }
        }
        if violations.isEmpty { checkRest() }
        return violations.isEmpty
    }

    func hand(_ event: BluetoothEvent, _ value: [UInt8] = []) {
        if case .completed(let id, _) = event { waiting[id] = nil }
        if event == .busClosed { waiting = [:] }
        if keepsReports { log.append((now, "<- \(event)")) }
        let delivery = supervisor.handle(event, value: value.span, now: now)
        if let delivery {
            values[delivery.sensor] = now
            valueCounts[delivery.sensor] += 1
            lastValues[delivery.sensor] = value
            if delivery.isFrozen { frozenCount += 1 }
        }
        drain()
    }

    func drain() {
        while let action = supervisor.nextAction() {
            if keepsReports { actions.append(action); log.append((now, "   -> \(action)")) }
            switch action {
            case .openBus: break
            case .abandon(let id): waiting[id] = nil
            case .call(let id, let call):
                if !seen.insert(id).inserted { violations.append("\(id) is used twice") }
                waiting[id] = (now, call)
            }
            blueZ.perform(action)
        }
        while let report = supervisor.nextReport() {
            if keepsReports { reports.append(report); log.append((now, "      * \(report)")) }
        }
    }

    // MARK: Rules

    private func checkRest() {
        if supervisor.pendingCalls != waiting.count {
            violations.append("\(supervisor.pendingCalls) calls known, \(waiting.count) made")
        }
        for (id, made) in waiting where now - made.at > 20 * second + millisecond {
            violations.append("\(id) \(made.call) has no deadline")
        }
        if blueZ.mostConnects > 1 { violations.append("two attempts at once at \(now)") }
        if blueZ.connectsWhileDiscovering > 0 { violations.append("Connect while discovering") }
        if supervisor.nextDeadline == nil && !isStreamingOrDisabled {
            violations.append("nothing is due and not everything streams")
        }
    }

    func state(_ sensor: Int) -> SensorState {
        supervisor.status(sensor: sensor, now: now)?.state ?? .disabled
    }

    var isStreaming: Bool {
        (0..<supervisor.sensorCount).allSatisfy { state($0) == .streaming }
    }

    private var isStreamingOrDisabled: Bool {
        (0..<supervisor.sensorCount).allSatisfy {
            state($0) == .streaming || state($0) == .disabled
        }
    }

    func status(_ sensor: Int = 0) -> SensorStatus {
        guard let status = supervisor.status(sensor: sensor, now: now) else {
            preconditionFailure("the bench asks for sensors that there are")
        }
        return status
    }

    func count(_ call: (BluetoothCall) -> Bool) -> Int { blueZ.calls.filter(call).count }

    /// Runs until every sensor streams and has been asked all it is asked.
    func settle(
        within limit: Int64 = 2 * minute, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let time = run(limit) { isStreaming }
        #expect(time != nil, "every sensor streams", sourceLocation: sourceLocation)
        run(25 * second)
    }

    /// The time from now to the next value of the sensor.
    func recovery(_ sensor: Int = 0, within limit: Int64 = 10 * minute) -> Int64? {
        let count = valueCounts[sensor]
        return run(limit) { valueCounts[sensor] > count }
    }

    func expectRules(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(violations == [], sourceLocation: sourceLocation)
    }
}

extension BluetoothCall {
    /// Its name alone, to count and compare by.
    var name: String { "\(self)".split(separator: "(").first.map(String.init) ?? "" }
}

func seconds(_ nanoseconds: Int64?) -> Double {
    nanoseconds.map { Double($0) / 1e9 } ?? .infinity
}
