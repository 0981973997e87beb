'use client'
import { useState } from 'react'

export default function Page() {
  const [answer, setAnswer] = useState('')

  async function ask(event) {
    event.preventDefault()
    const content = new FormData(event.currentTarget).get('question')
    setAnswer('')
    const response = await fetch('/api/text', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ messages: [{ role: 'user', content }] }),
    })
    if (!response.ok) return setAnswer((await response.json()).error)
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    for (let step = await reader.read(); !step.done; step = await reader.read()) {
      const piece = step.value
      setAnswer((text) => text + piece)
    }
  }

  return (
    <form onSubmit={ask}>
      <input name="question" aria-label="Question" defaultValue="Why do millstreams bend?" />
      <button type="submit">Ask</button>
      <p>{answer}</p>
    </form>
  )
}
