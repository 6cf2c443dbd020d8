"""What an installation looks like to somebody who has to put it right: findings, each with what to do."""
