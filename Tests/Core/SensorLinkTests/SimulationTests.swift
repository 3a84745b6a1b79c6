import Foundation
import TestSupport
import Testing

/// Days of sensors and of a BlueZ that fails in every way that is known.
///
/// `PULSEGATE_SIMULATION_SEEDS=10000 swift test -c release --filter SensorLinkTests.Simulation`
/// runs more of them. A world that broke a rule is run alone with its seed as
/// `PULSEGATE_TEST_SEED` and `PULSEGATE_SIMULATION_SEEDS=2`.
struct SimulationTests {
    private static let worlds =
        ProcessInfo.processInfo.environment["PULSEGATE_SIMULATION_SEEDS"].flatMap { Int($0) }
        ?? 24

    private static let hours =
        ProcessInfo.processInfo.environment["PULSEGATE_SIMULATION_HOURS"].flatMap { Int64($0) }
        ?? 1

    /// In every world: never two attempts to connect at once, none while discovering; every call
    /// has a deadline, and every deadline lies in the future; a strap that is well, with a radio
    /// that is well, has its data back within minutes; one that needs a rung has it within the
    /// time of the ladder after the latest fault, and within that a radio that fails is of use
    /// again, whoever is there; and in the peace at the end everything streams, discovery is off,
    /// and no call, device or rung of the storm is left.
    @Test(arguments: 0..<2) func everySensorStreamsThatCan(half: Int) {
        let seeds = SeededRandom(test: "everySensorStreamsThatCan(\(half))")
        var simulated: Int64 = 0
        var steps = 0
        var faults = 0
        var longest: (well: Int64, trouble: Int64, there: Int64, radio: Int64) = (0, 0, 0, 0)
        for index in stride(from: half, to: Self.worlds, by: 2) {
            let seed = seeds.seed &+ UInt64(index)
            let world = World(seed: seed)
            // Many sensors have many events.
            let share = Int64(max(1, world.sensors / 4))
            let broken = world.run(Self.hours * 60 * minute / share)
            simulated += world.simulated
            steps += world.bench.steps
            faults += world.faults
            longest.well = max(longest.well, world.longestWell)
            longest.trouble = max(longest.trouble, world.longestTrouble)
            longest.there = max(longest.there, world.longestThere)
            longest.radio = max(longest.radio, world.longestRadio)
            if let broken {
                Issue.record(
                    "PULSEGATE_TEST_SEED=\(seed): \(world.sensors) sensors: \(broken)")
                break
            }
        }
        print(
            "simulation: \(simulated / (60 * minute)) h, \(steps) events, \(faults) faults, "
                + "longest without data: \(seconds(longest.well)) s all being well, "
                + "\(seconds(longest.trouble)) s after the latest fault, "
                + "\(seconds(longest.there)) s through fault after fault; "
                + "radio of no use: \(seconds(longest.radio)) s after its latest fault")
    }
}
