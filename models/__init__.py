"""What a property is, boosted models, physics, intervals and domain. Knows no MLflow, no HTTP."""
