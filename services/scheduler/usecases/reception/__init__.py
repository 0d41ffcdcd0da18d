"""From first contact to signature: interest, candidates and their answers, interviews, the contract."""
