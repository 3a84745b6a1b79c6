extension [UInt8] {
    /// Changes, cuts, repeats or swaps some of the bytes, 1 to 4 times; `alphabet` are bytes that
    /// mean something in texts of this kind. Nothing to change: nothing is.
    public mutating func mutate(alphabet: [UInt8], _ random: inout SeededRandom) {
        for _ in 0..<Int.random(in: 1...4, using: &random) where !isEmpty {
            let place = Int.random(in: 0..<count, using: &random)
            let end = Swift.min(count, place + Int.random(in: 1...40, using: &random))
            switch Int.random(in: 0..<6, using: &random) {
            case 0: self[place] = alphabet.randomElement(using: &random) ?? 0
            case 1: self[place] = UInt8.random(in: 0...255, using: &random)
            case 2: removeSubrange(place..<end)
            case 3: insert(contentsOf: self[place..<end], at: place)
            case 4: insert(alphabet.randomElement(using: &random) ?? 0, at: place)
            default: removeSubrange(end...)
            }
        }
    }
}
