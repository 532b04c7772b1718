"""What clients of the rating get. Scores are integers in basis points: 4314 = 43,14 %."""
