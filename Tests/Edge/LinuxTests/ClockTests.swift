import Foundation
import Linux
import RecordRing
import Testing
import Time

struct ClockTests {
    @Test func bootIDIsTheKernels() throws {
        let text = try text(of: "/proc/sys/kernel/random/boot_id")
        let digits = text.filter { $0.isHexDigit }
        let boot = try Clock.bootID()
        #expect(digits.count == 32)
        #expect(
            digits.prefix(16) == hexadecimal(boot.high)
                && digits.suffix(16) == hexadecimal(boot.low),
            "\(text)")
    }

    private func hexadecimal(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    @Test func monotonicClockNeverGoesBack() {
        var before = Clock.now().monotonicNanoseconds
        for _ in 0..<10_000 {
            let now = Clock.now().monotonicNanoseconds
            #expect(now >= before)
            before = now
        }
    }

    @Test func monotonicClockCountsFromBoot() throws {
        // The first number of /proc/uptime: seconds since boot with two digits behind the point.
        let first = try text(of: "/proc/uptime").split(separator: " ").first ?? ""
        let uptime = try #require(Double(first))
        let now = Double(Clock.now().monotonicNanoseconds) / 1e9
        #expect(now >= uptime && now < uptime + 10)
    }

    @Test func wallClockSaysWhatTheCalendarDoes() {
        let before = Date().timeIntervalSince1970
        let now = Double(Clock.now().wallMicroseconds) / 1e6
        let after = Date().timeIntervalSince1970
        // A double of today has steps of a quarter of a microsecond.
        #expect(now >= before - 2e-6 && now <= after + 2e-6)
    }

    @Test func processorTimeGrowsWithWork() {
        let before = Clock.processorNanoseconds()
        var sum: UInt64 = 0
        while Clock.processorNanoseconds() == before { sum &+= 1 }
        #expect(Clock.processorNanoseconds() > before)
    }

    @Test func drawnNumbersDiffer() {
        let numbers = Set((0..<100).map { _ in Entropy.draw() })
        #expect(numbers.count == 100)
    }
}
