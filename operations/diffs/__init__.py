"""What a change means, in plain words: the differences of a Plan, classified, folded and rendered for auditors."""
