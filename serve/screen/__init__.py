"""What is asked of a screen: candidate spaces, specs and ranking."""
