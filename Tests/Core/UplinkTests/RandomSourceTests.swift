import Testing
import Uplink

/// SplitMix64 against values that others have published.
struct RandomSourceTests {
    private func first(_ count: Int, seed: UInt64) -> [UInt64] {
        var random = RandomSource(seed: seed)
        return (0..<count).map { _ in random.next() }
    }

    /// Seed 0: the vector of the xoshiro authors' splitmix64.c; 1234567: Rosetta Code,
    /// "Pseudo-random numbers/Splitmix64".
    @Test func publishedSeedsGivePublishedNumbers() {
        #expect(
            first(4, seed: 0) == [
                0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4, 0x06C4_5D18_8009_454F,
                0xF88B_B8A8_724C_81EC,
            ])
        #expect(
            first(5, seed: 1_234_567) == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
                4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
            ])
    }

    @Test func sameSeedGivesTheSameNumbersAndAnotherSeedOthers() {
        #expect(first(100, seed: 7) == first(100, seed: 7))
        #expect(first(100, seed: 7) != first(100, seed: 8))
    }
}
