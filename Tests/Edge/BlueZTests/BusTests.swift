import BlueZ
import Bytes
import Linux
import SensorLink
import TestSupport
import Testing

extension BlueZTests {
    /// The connection to the bus: opening, losing, dead buses.
    @Suite(.serialized) struct BusTests {
        @Test func busThatIsThereOpensAndShowsWhoOwnsTheName() throws {
            let fake = try FakeBus()
            _ = try Bench(on: fake)
        }

        @Test func busWithoutBlueZOpensAndSaysSo() throws {
            let fake = try FakeBus()
            try fake.order("kill")
            let bench = try Bench(address: fake.address)
            bench.client.perform(.openBus)
            try bench.wait(for: .daemonVanished)
            #expect(bench.take() == [.busOpened, .daemonVanished])
            #expect(try bench.call(.startDiscovery(adapter: 0)) == .daemonAway)
        }

        @Test func daemonThatIsKilledAndComesBackIsNoticed() throws {
            let fake = try FakeBus()
            let bench = try Bench(on: fake)
            try fake.order("kill")
            try bench.wait(for: .daemonVanished)
            #expect(bench.take() == [.daemonVanished])
            try fake.order("start")
            try bench.wait(for: .daemonAppeared)
        }

        @Test func busThatDiesClosesTheConnectionAndCanBeOpenedAgain() throws {
            let fake = try FakeBus()
            let bench = try Bench(on: fake)
            try fake.order("bus", ["running": false])
            try bench.wait(for: .busClosed)
            #expect(bench.take() == [.busClosed])
            #expect(bench.client.closure == .ended)
            bench.client.perform(.openBus)
            #expect(bench.take() == [.busClosed])
            try fake.order("bus", ["running": true])
            bench.client.perform(.openBus)
            try bench.wait(for: .daemonAppeared)
        }
    }
}
