import Alarm
import TestSupport
import Testing

/// What holds whatever comes, in whatever order.
struct AlarmPanelPropertyTests {
    private static let faults: [(AlarmCondition, AlarmSource)] =
        [(.ringFull, .gateway), (.ringFailing, .gateway), (.clockUnsynced, .gateway)]
        + [(.uplinkDown, .sink(0)), (.batteryLow, .sensor(0)), (.frozen, .sensor(0))]
        + [(.offSkin, .sensor(0)), (.frozen, .sensor(1)), (.offSkin, .sensor(1))]

    /// What a plain model knows beside the panel: since when a person's heart rate has been above
    /// the limit, value by value, without a gap or a fault between.
    private struct Model {
        var since: [Int64?] = [nil, nil]
        var last: [Int64] = [0, 0]
        var isRaised = [false, false]
        /// A person's alarm sounded before the step.
        var wasSounding = [false, false]
    }

    private enum Step { case rate, fault, acknowledge, time }

    private func step(
        _ bench: inout PanelBench, _ model: inout Model, _ random: inout SeededRandom
    ) -> Step {
        switch Int.random(in: 0..<20, using: &random) {
        case 0:
            bench.acknowledge()
            return .acknowledge
        case 1...4:
            let fault = Self.faults.randomElement(using: &random) ?? (.ringFull, .gateway)
            let isPresent = Bool.random(using: &random)
            bench.set(fault.0, isPresent, fault.1)
            if isPresent, fault.0 == .frozen || fault.0 == .offSkin,
                case .sensor(let sensor) = fault.1
            {
                model.since[sensor] = nil
            }
            return .fault
        case 5...6:
            bench.passNanoseconds(Int64.random(in: 0...150, using: &random) * second)
            return .time
        default:
            bench.passNanoseconds(Int64.random(in: 100...1_500, using: &random) * 1_000_000)
            let sensor = Int.random(in: 0..<2, using: &random)
            let value = UInt16.random(in: 140...160, using: &random)
            if value <= 150 {
                model.since[sensor] = nil
            } else if model.since[sensor] == nil || bench.now - model.last[sensor] > 10 * second {
                model.since[sensor] = bench.now
            }
            model.last[sensor] = bench.now
            bench.rate(value, sensor: sensor)
            return .rate
        }
    }

    @Test func theFourRulesHold() {
        var random = SeededRandom()
        for _ in 0..<300 {
            var bench = PanelBench()
            var model = Model()
            for _ in 0..<200 {
                let step = step(&bench, &model, &random)
                check(&bench, &model, step)
            }
        }
    }

    private func check(_ bench: inout PanelBench, _ model: inout Model, _ step: Step) {
        while let change = bench.panel.nextChange() {
            guard change.condition == .highRate, case .sensor(let sensor) = change.source else {
                continue
            }
            switch change.edge {
            case .raise:
                // Never from a frozen or off-skin value, nor from silence: a value, now.
                #expect(step == .rate && model.last[sensor] == bench.now)
                #expect(model.since[sensor].map { bench.now - $0 >= 3 * second } ?? false)
                model.isRaised[sensor] = true
            case .clear:
                #expect(step == .rate || step == .acknowledge)
                model.isRaised[sensor] = false
            case .acknowledge: #expect(step == .acknowledge)
            case .resound: break
            }
        }
        for sensor in 0..<2 {
            let entry = bench.panel.entry(.highRate, of: .sensor(sensor))
            #expect(entry.isRaised == model.isRaised[sensor])
            // Held for the delay: raised within the notification that completes it.
            if step == .rate, let since = model.since[sensor],
                model.last[sensor] == bench.now, bench.now - since >= 3 * second
            {
                #expect(entry.isRaised)
            }
            // Silence follows from a person alone.
            if model.wasSounding[sensor], step != .acknowledge {
                #expect(entry.isAudible)
                #expect(bench.panel.sound == .high)
            }
            model.wasSounding[sensor] = entry.isAudible
        }
        let isAnyRaised = bench.panel.entries.contains { $0.isRaised }
        #expect((bench.panel.lamp != .dark) == isAnyRaised)
        let isAnyAudible = bench.panel.entries.contains { $0.isAudible }
        #expect((bench.panel.sound != .silent) == isAnyAudible)
    }
}
