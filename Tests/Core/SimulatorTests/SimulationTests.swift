import Bytes
import Foundation
import Simulator
import TestSupport
import Testing
import Vitals

/// Patients who are not there: the same for the same seed, and like people otherwise.
struct SimulationTests {
    private func simulation(
        seed: UInt64 = 1, patients: Int = 4, perSecond: Double = 4, bad: Double = 0
    ) -> Simulation {
        Simulation(
            Simulation.Settings(
                seed: seed, patients: patients, perSecond: perSecond, badPercent: bad,
                startMicroseconds: 1_752_599_433_000_000))
    }

    private func posts(_ simulation: Simulation, _ count: Int) -> [String] {
        var simulation = simulation
        return (0..<count).map { _ in appendedText { simulation.appendPost(to: &$0) } }
    }

    @Test func theSameSeedMakesTheSamePosts() {
        #expect(posts(simulation(bad: 10), 500) == posts(simulation(bad: 10), 500))
        #expect(posts(simulation(seed: 2), 5) != posts(simulation(), 5))
    }

    @Test func whatIsWrongDoesNotChangeWhatIsRight() {
        let good = posts(simulation(), 1_000)
        let mixed = posts(simulation(bad: 10), 1_000)
        let same = zip(good, mixed).count { $0 == $1 }
        #expect((850..<950).contains(same))
    }

    @Test func goodFormsAreWholeAndPlausible() throws {
        for text in posts(simulation(patients: 20, perSecond: 20), 20_000) {
            let form = try #require(
                try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
            #expect(form.count == 9)
            for quantity in PatientQuantity.allCases {
                let value = try #require(form["\(quantity.name)"] as? Double)
                let range = quantity.plausible
                #expect(
                    (Double(range.lowerBound)...Double(range.upperBound)).contains(value),
                    "\(text)")
            }
        }
    }

    @Test func overAnHourAHeartRestsAndExertsItself() throws {
        var exerted = 0
        for seed in 1...20 {
            var rates: [Double] = []
            for text in posts(simulation(seed: UInt64(seed), patients: 1, perSecond: 1), 3_600) {
                let form = try JSONSerialization.jsonObject(with: Data(text.utf8))
                let rate = try #require((form as? [String: Any])?["heart_rate"] as? Double)
                if let last = rates.last { #expect(abs(rate - last) < 12, "no heart jumps") }
                rates.append(rate)
            }
            #expect((rates.min() ?? 0) < 90)
            if (rates.max() ?? 0) > 150 { exerted += 1 }
        }
        #expect(exerted >= 5, "some of them are above the alarm's limit")
    }

    @Test func strapsLoseContactNowAndThenAndAgreeWithTheirIntervals() throws {
        var simulation = simulation(patients: 1, perSecond: 1)
        var withoutContact = 0
        for _ in 0..<3_600 {
            let line = appendedText { simulation.appendNotification(to: &$0) }
            let digits = Array(line.dropLast().utf8)
            var bytes = FixedBuffer(capacity: 64)
            try bytes.append(decodingHex: digits.span)
            let measurement = try HeartRateMeasurement(decoding: bytes.bytes)
            guard measurement.contact == .detected else {
                withoutContact += 1
                #expect(HeartRateState(measurement) == .offSkin)
                continue
            }
            #expect(measurement.rrIntervals.count > 0)
            let interval = Double(measurement.rrIntervals[0]) / 1_024
            let rate = Double(measurement.beatsPerMinute)
            #expect(abs(60 / interval - rate) < 0.1 * rate)
        }
        #expect((10..<400).contains(withoutContact))
    }

    @Test func postsComeInTurnAtTheirTimes() {
        let texts = posts(simulation(patients: 3, perSecond: 2), 4)
        #expect(texts[0].contains("patient-1") && texts[3].contains("patient-1"))
        #expect(texts[1].contains("patient-2\",\"time\":\"2025-07-15T17:10:33.500000Z\""))
    }
}
