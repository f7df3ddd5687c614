"""Does a volume meet the rules of those who pay for it or keep it? One verdict, each rule with its source."""
