import TestSupport

/// Which of the states that a power cut can leave are looked at.
struct CrashStates {
    /// Subsets of the unsynced sectors and their versions: all of them up to this number, else as
    /// many by chance.
    var subsets: Int
    /// Places at which each sector of the last write is torn: this many by chance, or all 511.
    var splits: Int
    static let everySplit = 511

    /// Calls `check` with the card's bytes in each state that a cut now can leave.
    func forEach(
        of disk: ModelDisk, _ random: inout SeededRandom, _ check: ([UInt8]) -> Void
    ) {
        guard !disk.pending.isEmpty else { return check(disk.durable) }
        forEachSubset(of: disk, &random, check)
        forEachTear(of: disk, &random, check)
    }

    private func forEachSubset(
        of disk: ModelDisk, _ random: inout SeededRandom, _ check: ([UInt8]) -> Void
    ) {
        var states = 1
        for item in disk.pending where states <= subsets { states *= item.versions.count + 1 }
        if states <= subsets {
            var choices = disk.pending.map { _ in ModelDisk.Choice(version: 0) }
            repeat { check(disk.bytes(choices)) } while advance(&choices, disk)
            return
        }
        // In order and none of it; then any mix, with a torn sector in every second one.
        check(disk.bytes(latest(disk)))
        check(disk.durable)
        for turn in 0..<subsets {
            var choices = disk.pending.map {
                ModelDisk.Choice(version: Int.random(in: 0...$0.versions.count, using: &random))
            }
            if turn % 2 == 0 {
                let place = Int.random(in: 0..<choices.count, using: &random)
                choices[place].split = Int.random(in: 1..<512, using: &random)
                choices[place].isBackNew = Bool.random(using: &random)
            }
            check(disk.bytes(choices))
        }
    }

    /// Counts on: the first sector is the lowest digit. False after the last number.
    private func advance(_ choices: inout [ModelDisk.Choice], _ disk: ModelDisk) -> Bool {
        for place in choices.indices {
            if choices[place].version < disk.pending[place].versions.count {
                choices[place].version += 1
                return true
            }
            choices[place].version = 0
        }
        return false
    }

    private func latest(_ disk: ModelDisk) -> [ModelDisk.Choice] {
        disk.pending.map { ModelDisk.Choice(version: $0.versions.count) }
    }

    /// Tears each sector of the last write, with everything else there and with nothing else.
    private func forEachTear(
        of disk: ModelDisk, _ random: inout SeededRandom, _ check: ([UInt8]) -> Void
    ) {
        for place in disk.lastTouched {
            for turn in 1...splits {
                let split =
                    splits == Self.everySplit ? turn : Int.random(in: 1..<512, using: &random)
                var choices = latest(disk)
                if turn % 2 == 0 {
                    for other in choices.indices where other != place {
                        choices[other].version = 0
                    }
                }
                choices[place].split = split
                choices[place].isBackNew = turn % 3 == 0
                check(disk.bytes(choices))
            }
        }
    }
}
