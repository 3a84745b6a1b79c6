/// The words that a person who wrote `word` may have meant.
enum NearestWord {
    /// The candidate with the fewest edits, when they are at most a third of its letters (one at
    /// least); the first of equals. Upper and lower case are the same here.
    static func nearest(to word: String, among candidates: [String]) -> String? {
        // Longer ones are no slips of the pen, and the cost is the product of the lengths.
        guard word.utf8.count <= 64 else { return nil }
        var best: (distance: Int, word: String)?
        for candidate in candidates {
            let distance = edits(from: word.lowercased(), to: candidate.lowercased())
            guard distance <= max(1, candidate.utf8.count / 3) else { continue }
            if best.map({ distance < $0.distance }) ?? true { best = (distance, candidate) }
        }
        return best?.word
    }

    /// Insertions, deletions, substitutions and swaps of neighbours that lead from one word to
    /// the other ("optimal string alignment" distance).
    static func edits(from one: String, to other: String) -> Int {
        let (left, right) = (Array(one.utf8), Array(other.utf8))
        var beforeLast = [Int](repeating: 0, count: right.count + 1)
        var last = Array(0...right.count)
        for row in 0..<left.count {
            var current = [row + 1]
            for column in 0..<right.count {
                let isSame = left[row] == right[column]
                var cost = min(
                    last[column] + (isSame ? 0 : 1), last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1],
                    left[row - 1] == right[column]
                {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current.append(cost)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
