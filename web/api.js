// Questions to the API this page comes from.

export class Refusal extends Error {
  constructor(problem) {
    super(problem.detail || "The API refused.");
    this.title = problem.title || "Refused";
    this.kind = String(problem.type || "").split(":").pop();
  }
}

export async function ask(path) {
  const response = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(10000) });
  const body = await response.json();
  if (!response.ok) throw new Refusal(body);
  return body;
}
